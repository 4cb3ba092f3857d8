from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError, UnexpectedModelBehavior, UserError
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart

from robocoders.agents.running import Exchange, TurnInput, run_turn
from robocoders.errors import StoreFullError
from robocoders.events import Event
from robocoders.search.index import Index
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from robocoders.workspace.files import Workspace
from tests.agents.turns import FILES, Desk, write_files


async def test_a_turn_ends_with_the_models_last_words(desk: Desk) -> None:
    """Promise: ours; what a model says without calling a tool is the answer, and no event of its own."""
    model = ScriptedModel([Step(text="Done.", input_tokens=3, output_tokens=2)])
    outcome = await desk.turn("Do it", model)
    assert (outcome.reason, outcome.text, desk.events) == ("finished", "Done.", [])
    assert outcome.usage == {"requests": 1, "tool_calls": 0, "input_tokens": 3, "output_tokens": 2}
    assert outcome.cost_micro_usd == int(Decimal(0))


async def test_tools_are_offered_with_a_workspace_only(desk: Desk) -> None:
    """Promise: README, agents: without a workspace there is nothing to read, write or run in."""
    without, with_one = ScriptedModel(["a"]), ScriptedModel(["b"])
    await desk.turn("x", without)
    await desk.turn("x", with_one, files=FILES)
    assert (without.tools, with_one.tools) == ((), ("list", "read", "search", "write", "edit", "run", "python"))


async def test_earlier_turns_reach_the_model(desk: Desk) -> None:
    """Promise: ours; a session's history is the model's history."""
    model = ScriptedModel(["c"])
    await desk.turn("third", model, history=[Exchange("first", "one"), Exchange("second", "two")])
    said = [
        part.content
        for message in model.requests[0]
        for part in message.parts
        if (isinstance(message, ModelRequest) and isinstance(part, UserPromptPart))
        or (isinstance(message, ModelResponse) and isinstance(part, TextPart))
    ]
    assert said == ["first", "one", "second", "two", "third"]


async def test_an_unknown_agent_is_answered_with_the_list(desk: Desk) -> None:
    """Promise: README, faults: a wrong agent name gives the list of names."""
    outcome = await desk.turn("x", agent="Nobody")
    assert outcome.reason == "error"
    assert "GeneralCodingAgent, RepoAgent, FrontEndAgent" in outcome.text


async def test_no_agent_is_the_default_agent(desk: Desk) -> None:
    """Protocol fact: `agent` is optional, and an empty one is tolerated."""
    assert (await desk.turn("hi", agent="")).reason == "finished"


@pytest.mark.parametrize(("model", "said"), [("nobody:x", "No provider is called"), ("groq:x", "pip install")])
async def test_a_model_that_cannot_be_had_ends_the_turn(desk: Desk, model: str, said: str) -> None:
    """Promise: README, models: the error reaches the caller with what to do about it."""
    outcome = await desk.turn("x", model)
    assert outcome.reason == "error"
    assert said in outcome.text


async def test_too_many_requests_end_at_the_allowance(desk: Desk) -> None:
    """Protocol fact: a limit is told by a waiting message whose reason is iteration_limit."""
    model = ScriptedModel([Step(calls=[ToolCall("list")], output_tokens=1)] * 5)
    outcome = await desk.turn("x", model, files=FILES, request_limit=3)
    assert outcome.reason == "iteration_limit"
    assert outcome.usage["requests"] == 3
    assert outcome.usage["output_tokens"] == 3
    assert "`continue`" in outcome.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelAPIError("scripted", "something with sk-secret"), "it reported an error"),
        (UnexpectedModelBehavior("sk-secret"), "cannot be used"),
        (UserError("sk-secret"), "could not be used (UserError)"),
    ],
)
async def test_other_failures_of_a_model_are_said_without_details(desk: Desk, error: Exception, said: str) -> None:
    """Promise: README, models: a clear text and no key."""
    outcome = await desk.turn("x", ScriptedModel([Step(error=error)]))
    assert outcome.reason == "error"
    assert said in outcome.text
    assert "sk-secret" not in outcome.text


async def test_a_call_that_makes_no_sense_is_given_back_to_the_model(desk: Desk) -> None:
    """Promise: ours; a model may mend a wrong call, and gets a bounded number of tries."""
    wrong = Step(calls=[ToolCall("read", {"line": 3})])
    mended = await desk.turn("x", ScriptedModel([wrong, "Sorry."]), files=FILES)
    assert (mended.text, desk.events) == ("Sorry.", [])
    stubborn = await desk.turn("x", ScriptedModel([wrong] * 9), files=FILES)
    assert stubborn.reason == "error"


async def test_listing_and_reading_show_as_events(desk: Desk) -> None:
    """Promise: README, agents: events stream as the agent works, each step an event."""
    calls = [
        ToolCall("list", {"path": "shop"}),
        ToolCall("list", {"path": "shop", "recursive": True}),
        ToolCall("read", {"path": "shop/cookies.py", "start": 2, "end": 2}),
        ToolCall("read", {"path": "shop/cookies.py", "start": 90}),
        ToolCall("search", {"query": "the"}),
        ToolCall("search", {"query": "zebra"}),
    ]
    await desk.turn("x", ScriptedModel([Step(calls=calls), "ok"]), files=FILES)
    assert desk.names == [name for n in (1, 3, 5, 7) for name in ("read", f"read<-{n}")] + [
        "recall",
        "recall<-9",
        "recall",
        "recall<-11",
    ]
    contents = [event.text for event in desk.events if event.cause is not None]
    assert contents[0] == "shop/__main__.py\nshop/cookies.py"
    assert contents[1].startswith("2 files. Languages: Python 1 KiB.")
    assert contents[2] == "    name, _, value = header.partition('=')"
    assert contents[3] == "I read shop/cookies.py"
    assert contents[4] == "The question holds no word to search for."
    assert contents[5] == "Nothing found for: zebra."


async def test_a_long_listing_is_cut(desk: Desk) -> None:
    """Promise: ours; what is shown to a model is bounded, and says so."""
    files = {f"f{number:03}.txt": "" for number in range(310)}
    await desk.turn("x", ScriptedModel([Step(calls=[ToolCall("list")]), "ok"]), files=files)
    assert desk.events[1].text.endswith("[10 more]")


async def test_a_link_and_an_empty_directory_are_listed_as_such(desk: Desk, tmp_path: Path) -> None:
    """Promise: README, workspace: symbolic links are shown and not followed."""
    (tmp_path / "workspace" / "empty").mkdir(parents=True)
    (tmp_path / "workspace" / "link").symlink_to("away")
    calls = [ToolCall("list"), ToolCall("list", {"path": "empty/"})]
    await desk.turn("x", ScriptedModel([Step(calls=calls), "ok"]), files={})
    assert [event.text for event in desk.events if event.cause] == [
        "empty/\nlink@ -> 'away'",
        "The directory is empty.",
    ]


async def test_a_failing_log_stops_the_turn(tmp_path: Path) -> None:
    """Promise: README, faults: an event that cannot be committed ends the turn; nothing goes on unseen."""

    class FullDesk(Desk):
        async def emit(self, event: Event) -> int:
            raise StoreFullError(f"No space is left for {event.name}.")

    with pytest.raises(StoreFullError):
        await FullDesk(tmp_path).turn("Where are cookies parsed?", files=FILES)


async def test_a_turn_can_be_cancelled(desk: Desk) -> None:
    """Promise: README, sessions: cancel stops a running turn."""
    asked, never = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await never.wait()

    async with asyncio.timeout(30):
        running = asyncio.create_task(desk.turn("x", ScriptedModel([Step(before=wait)])))
        await asked.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_script_that_ends_too_early_is_seen(desk: Desk) -> None:
    """Promise: ours; a scripted model never makes up an answer."""
    with pytest.raises(AssertionError, match="no further step"):
        await desk.turn("x", ScriptedModel([]))


async def test_a_scripted_answer_can_be_streamed() -> None:
    """Promise: ours; the scripted model is a whole model of the library, streaming included."""
    model = ScriptedModel(["Streamed."])
    async with Agent(model).run_stream("x") as result:
        assert await result.get_output() == "Streamed."
    assert model.system == "robocoders"


class HeldWorkspace(Workspace):
    """Reads its first file only when it is told to, and counts."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reading = threading.Event()
        self.go_on = threading.Event()
        self.loads = 0

    def load_text(self, path: str) -> str | None:
        self.loads += 1
        self.reading.set()
        assert self.go_on.wait(20)
        return super().load_text(path)


async def test_a_cancelled_search_leaves_its_thread_soon(tmp_path: Path, desk: Desk) -> None:
    """Promise: cancel ends the work itself, indexing too, so that a stopping server does not wait for it."""
    workspace = HeldWorkspace(write_files(tmp_path / "repository", FILES))
    index_dir = tmp_path / "index"
    turn = TurnInput(
        agent="RepoAgent",
        prompt="Where are cookies parsed?",
        model="offline",
        workspace=workspace,
        index_dir=index_dir,
    )
    running = asyncio.create_task(run_turn(turn, desk.emit))
    assert await asyncio.to_thread(workspace.reading.wait, 20)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    workspace.go_on.set()

    with Index.open(index_dir, Workspace(workspace.root)) as index:
        assert (await asyncio.to_thread(index.refresh)).read == len(FILES)
    assert workspace.loads == 1
