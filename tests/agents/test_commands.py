from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from robocoders.agents.bounding import MODEL_CHARACTERS, OBSERVATION_CHARACTERS
from robocoders.agents.command_output import LIVE_BYTES, CommandOutput
from robocoders.agents.command_tools import ENDED_BY
from robocoders.errors import StoreFullError
from robocoders.events import ErrorObservation, RunObservation
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from tests.agents.plain_seal import PlainSeal
from tests.agents.turns import FILES, Desk, Screen, write_files


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk whose commands run in the workspace, without a seal around them."""
    return Desk(tmp_path, seal=PlainSeal(write_files(tmp_path / "workspace", FILES)))


async def _told(desk: Desk, *calls: ToolCall) -> list[str]:
    """Run a turn of calls and return what the model was told of each."""
    model = ScriptedModel([Step(calls=calls), "ok"])
    assert (await desk.turn("x", model, files={})).text == "ok"
    return [str(part.content) for part in model.requests[-1][-1].parts if part.part_kind == "tool-return"]


async def test_output_is_shown_while_a_command_runs(desk: Desk) -> None:
    """Promise: README, live text: a command's output is shown while it runs; its observation begins with it."""
    waits = "echo first; while [ ! -e go ]; do :; done; echo second >&2"
    seen = asyncio.Event()

    class Watched(Screen):
        async def write(self, text: str) -> None:
            await super().write(text)
            seen.set()

    desk.screen = Watched()
    async with asyncio.timeout(30):
        turn = asyncio.create_task(_told(desk, ToolCall("run", {"command": waits})))
        await seen.wait()
        assert (desk.screen.text, desk.names) == ("first\n", ["run"])
        (desk.directory / "workspace" / "go").touch()
        assert await turn == ["Exit code 0.\nfirst\nsecond\n"]
    assert "".join(piece or "" for piece in desk.screen.log) == "first\nsecond\nok"
    assert desk.events[1].text == "first\nsecond\n"


async def test_long_output_is_cut_in_the_middle(desk: Desk) -> None:
    """Promise: README, agents: at most 256 KiB are shown live; the model and the observation get head and tail."""
    code = "for n in range(60_000): print('line', n)"
    (told,) = await _told(desk, ToolCall("python", {"code": code}))
    content = desk.events[1].text
    assert told.startswith("Exit code 0.\nline 0\n")
    assert told.endswith("line 59999\n")
    assert "left out here" in told
    assert len(told) < MODEL_CHARACTERS + 200
    assert MODEL_CHARACTERS < len(content) < OBSERVATION_CHARACTERS + 200
    shown = "".join(piece or "" for piece in desk.screen.log[:-1])
    assert len(shown) == LIVE_BYTES


@pytest.mark.parametrize("limit", ENDED_BY)
async def test_a_command_that_a_limit_ended_says_which(desk: Desk, limit: str) -> None:
    """Promise: README, sealed commands: each limit has a clear result that the model can read."""
    assert isinstance(desk.seal, PlainSeal)
    desk.seal.ends = limit
    (told,) = await _told(desk, ToolCall("run", {"command": "echo begun; exit 137"}))
    assert told == f"Exit code 137.\n{ENDED_BY[limit]}\nbegun\n"
    observation = desk.events[1]
    assert isinstance(observation, RunObservation)
    assert observation.content == f"begun\n{ENDED_BY[limit]}"
    assert observation.extras.exit_code == 137


async def test_a_command_may_be_given_less_time(desk: Desk) -> None:
    """Promise: README, sealed commands: wall clock."""
    (told,) = await _told(desk, ToolCall("run", {"command": "sleep 60", "timeout_seconds": 1}))
    assert ENDED_BY["wall_clock"] in told


async def test_without_a_seal_nothing_is_run_or_written(desk: Desk) -> None:
    """Promise: README, sealed commands: without a seal they are refused with cause and mend; it fails closed."""
    desk.seal = None
    told = await _told(
        desk,
        ToolCall("run", {"command": "touch run"}),
        ToolCall("python", {"code": "open('python', 'w')"}),
        ToolCall("write", {"path": "write", "content": "x"}),
        ToolCall("edit", {"path": "README.md", "old": "Shop", "new": "x"}),
        ToolCall("read", {"path": "README.md"}),
    )
    assert told[:4] == ["Error: Install bubblewrap first."] * 4
    assert told[4].endswith("Sells things.")
    assert desk.names[1::2] == ["error<-1", "error<-3", "error<-5", "error<-7", "read<-9"]
    assert sorted(path.name for path in (desk.directory / "workspace").iterdir()) == sorted(
        {path.partition("/")[0] for path in FILES}
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [("  ", "nothing to run"), ("echo \0", "null character"), ("x" * 100_001, "Write it to a file")],
)
async def test_what_cannot_be_a_command_is_said(desk: Desk, command: str, said: str) -> None:
    """Promise: ours; the model is told, and the turn goes on."""
    (told,) = await _told(desk, ToolCall("run", {"command": command}))
    assert said in told
    assert isinstance(desk.events[1], ErrorObservation)


async def test_a_file_that_cannot_be_written_or_edited_is_said(desk: Desk) -> None:
    """Promise: ours; each refusal names the file and the reason, and nothing is changed."""
    workspace = desk.directory / "workspace"
    (workspace / "picture").write_bytes(b"a\0b")
    (workspace / "large").write_bytes(b"a" * (5 << 20))
    told = await _told(
        desk,
        ToolCall("write", {"path": "shop", "content": "x"}),
        ToolCall("edit", {"path": "none.py", "old": "a", "new": "b"}),
        ToolCall("edit", {"path": "picture", "old": "a", "new": "b"}),
        ToolCall("edit", {"path": "large", "old": "a", "new": "b"}),
        ToolCall("edit", {"path": "README.md", "old": "Sells thinks.", "new": "b"}),
        ToolCall("write", {"path": "a\0b", "content": "x"}),
    )
    assert told[0] == "Error: shop cannot be written: Is a directory."
    assert told[1] == "Error: none.py cannot be read: No such file or directory."
    assert told[2] == "Error: picture is no text file."
    assert "larger than" in told[3]
    assert told[4].startswith("Error: README.md: `old` is not in the file")
    assert told[4].endswith("5\tSells things.")
    assert "no usable path" in told[5]


async def test_bytes_that_are_no_text_survive_an_edit(desk: Desk) -> None:
    """Promise: ours; an edit changes what it was asked to, and no other byte."""
    file = desk.directory / "workspace" / "latin"
    file.write_bytes(b"caf\xe9 = 1\r\nb = 2\r\n")
    (told,) = await _told(desk, ToolCall("edit", {"path": "latin", "old": "b = 2", "new": "b = 3"}))
    assert told.startswith("Edited latin: 1 place, at line 2.")
    assert file.read_bytes() == b"caf\xe9 = 1\r\nb = 3\r\n"


async def test_output_that_cannot_be_committed_ends_the_turn(desk: Desk) -> None:
    """Promise: README, faults: nothing is shown that is not on disk."""

    class Full(Screen):
        async def write(self, text: str) -> None:
            raise StoreFullError(f"No space is left for {len(text)} characters.")

    desk.screen = Full()
    with pytest.raises(StoreFullError):
        await _told(desk, ToolCall("run", {"command": "echo x"}))


async def test_live_output_is_cut_between_characters() -> None:
    """Promise: ours; what is shown is text, whatever the bound cuts through."""
    screen = Screen()
    output = CommandOutput(screen)
    await output.take("x" * (LIVE_BYTES - 1))
    await output.take("é and more")
    await output.take("\ud800")
    assert screen.text == "x" * (LIVE_BYTES - 1)
    assert output.text.endswith("xé and more\ufffd")
