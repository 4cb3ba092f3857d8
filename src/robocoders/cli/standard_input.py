"""The prompt out of the argument and standard input, without ever waiting for an input that nobody offers.

Standard input counts as offered when it is a file, or a pipe or socket that brings a first byte (or its end) within
`FIRST_BYTE_SECONDS`: many programs start others with a pipe that stays open and silent for ever. A pipe that has
brought something is read to its end. A terminal is never waited for, unless the prompt is `-`: then a person asked
for it.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable
from typing import Final

from robocoders.errors import ConfigurationError
from robocoders.wire.protocol import MAX_PROMPT_CHARACTERS

__all__ = ["FIRST_BYTE_SECONDS", "complete_prompt", "offered_text"]

FIRST_BYTE_SECONDS: Final = 1.0
_CHUNK_BYTES: Final = 65_536
_MAX_BYTES: Final = MAX_PROMPT_CHARACTERS * 4
"""No character takes more than four bytes of UTF-8."""


def complete_prompt(argument: str | None, say: Callable[[str], None], descriptor: int = 0) -> str:
    """Put the prompt together.

    Args:
        argument: The prompt of the command line; `-` or None stands for standard input alone.
        say: Where to tell a person what is being waited for or left out.
        descriptor: Standard input.

    Returns:
        The argument, and below it what was piped in.

    Raises:
        ConfigurationError: There is no prompt, or it is longer than `MAX_PROMPT_CHARACTERS`.
    """
    if argument == "-":
        if _is_terminal(descriptor):
            say("Reading the prompt from the terminal; Ctrl-D on an empty line ends it.")
        parts = [_read_all(descriptor)]
    else:
        parts = [argument or "", offered_text(descriptor, say)]
    prompt = "\n\n".join(part for part in parts if part.strip())
    if not prompt:
        raise ConfigurationError('There is no prompt: robocoders ask "..." or pipe one into robocoders ask -')
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise ConfigurationError(f"The prompt is longer than {MAX_PROMPT_CHARACTERS:,} characters")
    return prompt


def offered_text(descriptor: int, say: Callable[[str], None]) -> str:
    """What is offered on standard input, empty where nothing is; never waits longer than for a first byte."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # closed
        return ""
    if stat.S_ISREG(mode):
        return _read_all(descriptor)
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return ""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    if not poll.poll(FIRST_BYTE_SECONDS * 1000):
        say("Standard input is open but silent, so it is left out. To wait for it, give the prompt as -")
        return ""
    return _read_all(descriptor)


def _read_all(descriptor: int) -> str:
    chunks: list[bytes] = []
    size = 0
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        # The poll is for a descriptor that somebody else has made non-blocking.
        while size <= _MAX_BYTES and poll.poll() and (chunk := os.read(descriptor, _CHUNK_BYTES)):
            chunks.append(chunk)
            size += len(chunk)
    except OSError as error:
        raise ConfigurationError(f"Standard input cannot be read: {error.strerror}") from error
    return b"".join(chunks).decode("utf-8", errors="replace").removeprefix("\ufeff").rstrip("\n")


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
