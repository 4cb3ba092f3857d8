from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

from robocoders import RobocodersAPI, ServerError
from robocoders.providers.base_provider import AsyncGeneratorProvider
from robocoders.typing import AsyncResult, Messages
from tests.providers.asking import HELLO
from tests.standin import events, faults
from tests.standin.server import StandIn

ANSWER = [events.message(1, "One."), events.closing(2, "Two.", reason="finished")]

UNFINISHED = {
    "provider": """
import sys
from robocoders import RobocodersAPI
it = RobocodersAPI.create_completion("", [{"role": "user", "content": "Hi"}], base_url=sys.argv[1])
print(next(it))
""",
    "client": """
import sys
from robocoders import Robocoders
client = Robocoders(sys.argv[1])
it = client.create_session().chat("Hi")
print(next(it).message)
""",
}


def test_create_completion_yields_the_pieces_to_blocking_code(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's documentation, create_completion is the blocking generator."""
    server.answer(ANSWER)
    answer = provider.create_completion("", HELLO)
    assert server.seen == []
    assert list(answer) == ["One.", "\nTwo."]
    assert _threads() == []


async def test_it_works_inside_of_a_running_loop(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, create_completion inside of a running event loop."""
    server.answer(ANSWER)
    assert list(provider.create_completion("", HELLO)) == ["One.", "\nTwo."]


def test_an_error_reaches_blocking_code(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, errors."""
    server.fail("POST /chat", faults.status(500))
    with pytest.raises(ServerError):
        next(provider.create_completion("", HELLO))
    assert _threads() == []


def test_an_early_end_closes_the_connection_and_the_thread(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide: whoever goes away keeps no connection open."""
    server.fail("POST /chat", faults.broken(events.message(1, "I begin."), "hang"))
    answer = cast("Any", provider.create_completion("", HELLO))
    assert next(answer) == "I begin."
    answer.close()
    assert server.departed.wait(10)
    assert _threads() == []


@pytest.mark.parametrize("program", ["provider", "client"])
def test_an_unfinished_answer_does_not_keep_the_program_from_ending(server: StandIn, program: str) -> None:
    """Promise: the provider's guide: whoever goes away keeps no connection open, also by ending the program."""
    server.fail("POST /chat", faults.broken(events.message(1, "I begin."), "hang"))
    ended = subprocess.run(
        [sys.executable, "-W", "default", "-c", UNFINISHED[program], server.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "I begin.\n", "")
    assert server.departed.wait(10)


def test_any_provider_gets_the_blocking_form(home: object) -> None:
    """Promise: the provider's documentation, AsyncGeneratorProvider: the rest follows from the generator."""

    class Echo(AsyncGeneratorProvider):
        @classmethod
        def create_async_generator(cls, model: str, messages: Messages, **kwargs: Any) -> AsyncResult:  # noqa: ARG003
            return _Letters(model)

    assert "".join(Echo.create_completion("abc", [])) == "abc"


class _Letters:
    """An asynchronous iterator that cannot be closed."""

    def __init__(self, text: str) -> None:
        self._letters: Iterator[str] = iter(text)

    def __aiter__(self) -> _Letters:
        return self

    async def __anext__(self) -> str:
        for letter in self._letters:
            return letter
        raise StopAsyncIteration


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "robocoders-client"]
