from __future__ import annotations

import os
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from robocoders.cli.standard_input import complete_prompt, offered_text
from robocoders.errors import ConfigurationError
from robocoders.wire.protocol import MAX_PROMPT_CHARACTERS


@contextmanager
def pipe(content: bytes, *, stays_open: bool = False) -> Generator[int]:
    """Give the reading end of a pipe with something in it."""
    reading, writing = os.pipe()
    os.write(writing, content)
    if not stays_open:
        os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)
        if stays_open:
            os.close(writing)


def unheard(text: str) -> None:
    raise AssertionError(f"nothing was to be said, but: {text}")


def test_what_is_piped_in_is_put_below_the_prompt() -> None:
    """Promise: docs/command.md, the prompt."""
    with pipe(b"one\ntwo\n") as descriptor:
        assert complete_prompt("Explain", unheard, descriptor) == "Explain\n\none\ntwo"


def test_what_is_piped_in_can_be_the_prompt() -> None:
    """Promise: docs/command.md, the prompt."""
    with pipe(b"Explain\n") as descriptor:
        assert complete_prompt(None, unheard, descriptor) == "Explain"


@pytest.mark.parametrize("argument", ["-", "Explain"])
def test_a_file_is_read(argument: str, tmp_path: Path) -> None:
    """Promise: docs/command.md, the prompt; a byte order mark is no part of it, invalid bytes are replaced."""
    path = tmp_path / "prompt"
    path.write_bytes(b"\xef\xbb\xbfSay \xff\n")
    with path.open("rb") as file:
        assert complete_prompt(argument, unheard, file.fileno()).endswith("Say \ufffd")


def test_a_silent_pipe_is_left_out_and_said_so() -> None:
    """Promise: docs/command.md, the prompt: never waits for an input that nobody offers."""
    said: list[str] = []
    with pipe(b"", stays_open=True) as descriptor:
        assert complete_prompt("Explain", said.append, descriptor) == "Explain"
    assert len(said) == 1
    assert "left out" in said[0]


def test_a_dash_waits_for_a_slow_pipe() -> None:
    """Promise: docs/command.md, the prompt: `-` reads to the end."""
    reading, writing = os.pipe()
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(complete_prompt("-", unheard, reading)))
    reader.start()
    reader.join(1.5)  # longer than a pipe that is not asked for is waited for
    assert reader.is_alive()
    os.write(writing, b"late")
    os.close(writing)
    reader.join(10)
    os.close(reading)
    assert read == ["late"]


def test_a_socket_is_read_like_a_pipe() -> None:
    """Promise: docs/command.md, the prompt: some programs start others with sockets for streams."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"words")
        ours.shutdown(socket.SHUT_WR)
        assert offered_text(theirs.fileno(), unheard) == "words"


def test_a_pipe_that_does_not_block_is_read_to_its_end() -> None:
    """Promise: docs/command.md, the prompt: whoever started us may have set the pipe to non-blocking."""
    with pipe(b"words") as descriptor:
        os.set_blocking(descriptor, False)
        assert offered_text(descriptor, unheard) == "words"


def test_a_device_offers_nothing() -> None:
    """Promise: docs/command.md, the prompt: neither /dev/null nor a terminal is an offer."""
    with Path(os.devnull).open("rb") as device:
        assert offered_text(device.fileno(), unheard) == ""


def test_a_terminal_is_never_waited_for() -> None:
    """Promise: docs/command.md, the prompt."""
    master, slave = os.openpty()
    try:
        assert offered_text(slave, unheard) == ""
    finally:
        os.close(master)
        os.close(slave)


def test_a_dash_reads_from_a_terminal_and_says_how_to_end() -> None:
    """Promise: docs/command.md, the prompt: `-` is a person's wish to type it."""
    master, slave = os.openpty()
    said: list[str] = []
    try:
        os.write(master, b"typed\n\x04")
        assert complete_prompt("-", said.append, slave) == "typed"
    finally:
        os.close(master)
        os.close(slave)
    assert "Ctrl-D" in said[0]


def test_a_closed_standard_input_offers_nothing() -> None:
    """Promise: docs/command.md, the prompt: some programs close the stream."""
    with pipe(b"") as descriptor:
        closed = os.dup(descriptor)
    os.close(closed)
    assert complete_prompt("Explain", unheard, closed) == "Explain"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        complete_prompt("-", unheard, closed)


@pytest.mark.parametrize(("argument", "content"), [(None, b""), ("-", b" \n"), ("  ", b"")])
def test_no_prompt_is_wrong_use(argument: str | None, content: bytes) -> None:
    """Promise: docs/command.md, exit codes: 2."""
    with pipe(content) as descriptor, pytest.raises(ConfigurationError, match="no prompt"):
        complete_prompt(argument, unheard, descriptor)


def test_a_prompt_over_the_limit_is_refused(tmp_path: Path) -> None:
    """Promise: docs/command.md, the prompt: the limit is stated; input without end is not read to its end."""
    path = tmp_path / "prompt"
    path.write_text("x" * (MAX_PROMPT_CHARACTERS + 1), encoding="utf-8")
    with path.open("rb") as file, pytest.raises(ConfigurationError, match="1,000,000"):
        complete_prompt("-", unheard, file.fileno())
    with Path("/dev/zero").open("rb") as endless, pytest.raises(ConfigurationError, match="1,000,000"):
        complete_prompt("-", unheard, endless.fileno())
