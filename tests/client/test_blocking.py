from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from robocoders import ConfigurationError, Robocoders
from robocoders.client.loop_thread import LoopThread
from tests.standin import events, faults
from tests.standin.server import StandIn

ROOT = Path(__file__).resolve().parents[2]


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "robocoders-client"]


def test_the_example_of_the_readme_runs(announcing: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, the blocking client."""
    monkeypatch.setenv("ROBOCODERS_BASE_URL", announcing.url)
    with Robocoders() as client:
        session = client.create_session()
        found = list(session.chat("Hello, how are you?", agent="GeneralCodingAgent"))
    assert [event.text for event in found] == ["Hello."]
    assert _threads() == []


def test_a_client_has_one_thread_from_its_first_call_to_its_close(original: StandIn) -> None:
    """Promise: no thread leaks; close may be called again."""
    client = Robocoders(original.url)
    assert _threads() == []
    client.ask("One")
    client.ask("Two")
    assert len(_threads()) == 1
    client.close()
    client.close()
    assert _threads() == []
    with pytest.raises(ConfigurationError, match="closed"):
        client.ask("Three")


def test_a_forgotten_client_is_closed(original: StandIn) -> None:
    """Promise: a client that nobody closed is closed when nothing refers to it any more."""
    client = Robocoders(original.url)
    client.ask("One")
    del client
    gc.collect()
    assert _threads() == []


def test_a_session_keeps_its_client(original: StandIn) -> None:
    """Promise: a client is closed when nothing refers to it any more, its sessions and iterators included."""
    session = Robocoders(original.url).create_session()
    gc.collect()
    stream = session.chat("One")
    del session
    gc.collect()
    assert [event.text for event in stream] == ["Hello."]
    del stream
    gc.collect()
    assert _threads() == []


def test_events_left_in_the_middle_are_closed_with_their_block(original: StandIn) -> None:
    """Promise: blocking iterators can be closed early."""
    original.fail("POST /chat", faults.broken(events.message(1, "x"), "hang"))
    with Robocoders(original.url) as client:
        with client.create_session().chat("One") as stream:
            assert next(stream).id == 1
        assert original.departed.wait(5)
        assert list(stream) == []
        stream.close()


def test_events_left_to_the_collector_are_closed(original: StandIn) -> None:
    """Promise: an iterator that is left early is closed when nothing refers to it any more."""
    original.fail("POST /chat", faults.broken(events.message(1, "x"), "hang"))
    with Robocoders(original.url) as client:
        for event in client.create_session().chat("One"):
            assert event.id == 1
            break
        gc.collect()
        assert original.departed.wait(5)


def test_closing_from_another_thread_ends_a_wait(original: StandIn) -> None:
    """Promise: a blocking client may be used from several threads."""
    original.fail("POST /chat", faults.broken(events.message(1, "x"), "hang"))
    with Robocoders(original.url) as client:
        stream = client.create_session().chat("One")
        found: list[int | None] = []
        reader = threading.Thread(target=lambda: found.extend(event.id for event in stream))
        reader.start()
        assert original.hanging.wait(5)
        stream.close()
        reader.join(5)
        assert not reader.is_alive()
        assert original.departed.wait(5)
    assert found in ([1], [])


def test_closing_the_client_closes_its_iterators(original: StandIn) -> None:
    """Promise: no thread and no connection leaks."""
    original.fail("POST /chat", faults.broken(events.message(1, "x"), "hang"))
    client = Robocoders(original.url)
    stream = client.create_session().chat("One")
    next(stream)
    client.close()
    assert original.departed.wait(5)
    stream.close()
    del stream
    gc.collect()


def test_an_iterator_of_a_closed_client_says_so(original: StandIn) -> None:
    """Promise: a closed client says that it is closed."""
    client = Robocoders(original.url)
    stream = client.session("s").chat("One")
    forgotten = client.session("s").chat("Two")
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        next(stream)
    assert list(stream) == []
    del forgotten
    gc.collect()


def test_many_threads_share_one_client(original: StandIn) -> None:
    """Promise: a blocking client may be used from several threads."""
    with Robocoders(original.url) as client:
        replies: list[str] = []
        threads = [threading.Thread(target=lambda: replies.append(client.ask("Hi").text)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert replies == ["Hello."] * 8
    assert len(original.asked("GET /auth")) == 1


async def test_it_works_within_a_running_event_loop(original: StandIn) -> None:
    """Promise: the blocking client has an event loop of its own, so notebooks can use it."""
    with Robocoders(original.url) as client:
        assert client.ask("Hi").text == "Hello."


_INTERRUPTED = """
import sys
from robocoders import Robocoders
client = Robocoders(sys.argv[1])
stream = client.create_session().chat("One")
next(stream)
try:
    print("waiting", flush=True)
    next(stream)
except KeyboardInterrupt:
    print("interrupted", client.ask("Two").text, flush=True)
client.close()
"""

_UNCLOSED = """
import sys
from robocoders import Robocoders
client = Robocoders(sys.argv[1])
stream = client.create_session().chat("One")
print(next(stream).text)
"""

_FORKED = """
import os, sys
from robocoders import Robocoders
client = Robocoders(sys.argv[1])
session = client.create_session()
session.ask("Parent")
child = os.fork()
if child == 0:
    print(session.ask("Child").text, flush=True)
    client.close()
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), session.ask("Parent again").text)
"""


def _start(program: str, url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", program, url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)


def _run(program: str, url: str) -> tuple[int, bytes, bytes]:
    with _start(program, url) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def test_an_interrupt_ends_the_wait_and_not_the_client(original: StandIn) -> None:
    """Promise: Ctrl-C in a blocking call raises KeyboardInterrupt and drops the connection."""
    original.fail("POST /chat", faults.broken(events.message(1, "x"), "hang"))
    with _start(_INTERRUPTED, original.url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (b"interrupted Hello.\n", b"")
        assert process.returncode == 0
    assert original.departed.wait(5)


def test_a_program_ends_although_nobody_closed(original: StandIn) -> None:
    """Promise: a client that nobody closed is closed when the program ends, without a warning."""
    original.fail("POST /chat", faults.broken(events.message(1, "x"), "hang"))
    assert _run(_UNCLOSED, original.url) == (0, b"x\n", b"")


def test_a_forked_process_has_connections_of_its_own(original: StandIn) -> None:
    """Promise: a client survives a fork, in the child and in the parent, without a warning."""
    assert _run(_FORKED, original.url) == (0, b"Hello.\n7 Hello.\n", b"")
    assert [run.prompt for run in original.runs] == ["Parent", "Child", "Parent again"]


def test_work_for_a_thread_that_never_began_is_dropped() -> None:
    """Promise: closing what was never used does no work."""
    ran = threading.Event()

    async def work() -> None:
        ran.set()

    thread = LoopThread()
    thread.post(work())
    thread.close(work())
    thread.post(work())
    assert not ran.is_set()
    assert _threads() == []
