"""Each agent does a whole task: a model over a real connection, tools in a real seal, files that agree afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from robocoders.agents.running import Outcome
from robocoders.events import (
    EditAction,
    MessageAction,
    ReadAction,
    RunAction,
    RunObservation,
    RunPythonAction,
    WriteAction,
)
from robocoders.testing.model_server import ModelServer
from robocoders.testing.openai_answers import ModelReply
from robocoders.wire.codec import decode_event, encode_event
from robocoders.workspace.seal import Seal
from tests.agents.turns import Desk, write_files

pytestmark = pytest.mark.needs_bubblewrap

SHOP = {
    "shop/__init__.py": "",
    "shop/cart.py": 'def total(prices):\n    """The sum of prices."""\n    return sum(prices[1:])\n',
    "tests/__init__.py": "",
    "tests/test_cart.py": (
        "import unittest\n\nfrom shop.cart import total\n\n\nclass Cart(unittest.TestCase):\n"
        "    def test_total(self):\n        self.assertEqual(total([1, 2]), 3)\n"
    ),
}
TESTS = "python3 -m unittest -q"

LIBRARY = {
    "AGENTS.md": "Check everything with `sh check.sh`. Versions are written in two places.\n",
    "check.sh": 'set -e\n[ "$(cat VERSION)" = "$(sed -n \'s/^version = //p\' lib/about.ini)" ]\necho same\n',
    "VERSION": "1.0\n",
    "lib/about.ini": "[about]\nversion = 1.0\n",
}

SITE = {
    "package.json": '{"dependencies": {"next": "15.0.0", "react": "19.0.0"}}\n',
    "app/page.tsx": "export default function Page() {\n  return <main><a onClick={save}>Save</a></main>\n}\n",
    "check.py": (
        "from pathlib import Path\npage = Path('app/page.tsx').read_text()\n"
        "assert '<SaveButton />' in page, 'the page has no button'\n"
        "assert '\"use client\"' in Path('app/save-button.tsx').read_text().splitlines()[0], 'handlers need a client'\n"
        "print('good')\n"
    ),
}
BUTTON = 'export function SaveButton() {\n  return <button type="button" onClick={save}>Save</button>\n}\n'


def _call(tool: str, **arguments: Any) -> ModelReply:
    return ModelReply(calls=[(tool, {**arguments, "thought": f"I {tool} now."})])


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-key-of-nobody")


@asynccontextmanager
async def _sealed(desk: Desk, files: Mapping[str, str]) -> AsyncGenerator[Path]:
    root = desk.directory / "workspace"
    root.mkdir()
    write_files(root, dict(files))
    async with Seal(root) as seal:
        desk.seal = seal
        yield root


async def _done(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, agent: str, replies: Sequence[ModelReply | str]
) -> tuple[Outcome, str]:
    """The outcome, and all that the model was told until its last request."""
    with ModelServer(replies) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        outcome = await desk.turn("Please do it.", "openai-chat:gpt-x", agent=agent, files={})
    assert len(server.received) == len(replies)
    assert all(request.body["stream"] for request in server.received)
    for event in desk.events:
        # Every event is one that the wire carries and gives back as it was.
        read = decode_event(encode_event(event))
        assert isinstance(read, type(event))
        assert msgspec.structs.replace(read, raw=b"") == event
    return outcome, str(server.received[-1].body)


@pytest.mark.usefixtures("_key")
async def test_the_general_agent_fixes_a_failing_test(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, agents: it reads, edits, runs the tests, fixes what fails, and finishes."""
    replies = [
        ModelReply(text="Let me look.", calls=[("list", {"recursive": True}), ("run", {"command": TESTS})]),
        _call("read", path="shop/cart.py"),
        _call("edit", path="shop/cart.py", old="sum(prices)", new="sum(prices[:])"),
        _call("edit", path="shop/cart.py", old="sum(prices[1:])", new="sum(prices)"),
        _call("run", command=TESTS),
        _call("python", code="from shop.cart import total\nprint(total([20, 22]))"),
        ModelReply(calls=[("finish", {"answer": "Fixed in `shop/cart.py:3`; the test passes."})]),
    ]
    async with _sealed(desk, SHOP) as root:
        outcome, told = await _done(desk, monkeypatch, "GeneralCodingAgent", replies)
        assert (root / "shop/cart.py").read_text() == SHOP["shop/cart.py"].replace("prices[1:]", "prices")
    assert (outcome.reason, outcome.text) == ("finished", "Fixed in `shop/cart.py:3`; the test passes.")
    assert desk.names == [
        "message",
        *("read", "read<-2", "run", "run<-4", "read", "read<-6"),
        *("edit", "error<-8", "edit", "edit<-10", "run", "run<-12", "run_ipython", "run_ipython<-14"),
    ]
    runs = [event for event in desk.events if isinstance(event, RunObservation)]
    assert [run.extras.exit_code for run in runs] == [1, 0]
    assert "AssertionError: 2 != 3" in runs[0].content
    assert desk.events[-1].text == "42\n"
    assert "The nearest lines" in told
    assert all(
        event.args.thought == f"I {tool} now."
        for event, tool in ((desk.events[5], "read"), (desk.events[11], "run"), (desk.events[13], "python"))
        if isinstance(event, ReadAction | RunAction | RunPythonAction)
    )
    assert outcome.usage["requests"] == 7


@pytest.mark.usefixtures("_key")
async def test_the_repository_agent_changes_what_belongs_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, agents: RepoAgent maps the repository first, keeps to its notes, and runs its checks."""
    replies = [
        _call("search", query="version 1.0"),
        _call("write", path="VERSION", content="1.1\n"),
        _call("run", command="sh check.sh"),
        _call("edit", path="lib/about.ini", old="version = 1.0", new="version = 1.1"),
        _call("run", command="sh check.sh"),
        "The version is 1.1 in both places, and `sh check.sh` passes.",
    ]
    async with _sealed(desk, LIBRARY) as root:
        outcome, told = await _done(desk, monkeypatch, "RepoAgent", replies)
        assert (root / "VERSION").read_text() == "1.1\n"
        assert (root / "lib/about.ini").read_text() == "[about]\nversion = 1.1\n"
    assert (outcome.reason, desk.screen.text) == ("finished", outcome.text)
    assert desk.names == [
        *("read", "read<-1", "read", "read<-3", "recall", "recall<-5", "write", "write<-7"),
        *("run", "run<-9", "edit", "edit<-11", "run", "run<-13"),
    ]
    assert [event.args.path for event in desk.events if isinstance(event, ReadAction)] == ["./", "AGENTS.md"]
    assert "Versions are written in two places." in told
    assert "You are the repository agent" in told
    assert [event.extras.exit_code for event in desk.events if isinstance(event, RunObservation)] == [1, 0]


@pytest.mark.usefixtures("_key")
async def test_the_front_end_agent_makes_a_component_and_asks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, agents: FrontEndAgent knows React and Next.js; a question ends the turn with `question`."""
    replies = [
        _call("read", path="app/page.tsx"),
        _call("write", path="app/save-button.tsx", content=BUTTON),
        _call("edit", path="app/page.tsx", old="<a onClick={save}>Save</a>", new="<SaveButton />"),
        _call("python", code="import check"),
        _call("edit", path="app/save-button.tsx", old="export function", new='"use client"\n\nexport function'),
        _call("run", command="python3 check.py"),
        ModelReply(text="The button is there.", calls=[("ask_user", {"question": "What should saving do?"})]),
    ]
    async with _sealed(desk, SITE) as root:
        outcome, told = await _done(desk, monkeypatch, "FrontEndAgent", replies)
        assert (root / "app/save-button.tsx").read_text() == f'"use client"\n\n{BUTTON}'
        assert "<main><SaveButton /></main>" in (root / "app/page.tsx").read_text()
    assert (outcome.reason, outcome.text) == ("question", "What should saving do?")
    actions = [event.name for event in desk.events if event.cause is None]
    assert actions == ["read", "write", "edit", "run_ipython", "edit", "run", "message"]
    assert [event.name for event in desk.events if event.cause is not None] == actions[:-1]
    assert "handlers need a client" in desk.events[7].text
    assert desk.events[11].text == "good\n"
    assert isinstance(desk.events[12], MessageAction)
    assert isinstance(desk.events[2], WriteAction)
    assert isinstance(desk.events[4], EditAction)
    assert "App Router" in told


async def test_fenced_blocks_are_carried_out_in_a_seal(desk: Desk) -> None:
    """Promise: README, offline: the model `offline` uses the same tools, in the same seal."""
    blocks = "```python total.py\nprint(6 * 7)\n```\n```sh\npython3 total.py; ls /proc | grep -c '^1$'\n```"
    async with _sealed(desk, {}) as root:
        outcome = await desk.turn(blocks, files={})
        assert (root / "total.py").read_text() == "print(6 * 7)\n"
    assert outcome.reason == "finished"
    assert "exit code 0.\n\n```\n42\n1\n```" in outcome.text
    assert "".join(piece or "" for piece in desk.screen.log) == "42\n1\n"


async def test_a_file_outside_is_neither_written_nor_edited(desk: Desk, tmp_path: Path) -> None:
    """Promise: README, sealed commands: file tools reach nothing outside of the workspace, links included."""
    outside = tmp_path / "outside.txt"
    outside.write_text("mine\n")
    async with _sealed(desk, {}) as root:
        (root / "link.txt").symlink_to(outside)
        for name in ("../outside.txt", "link.txt", str(outside)):
            outcome = await desk.turn(f"```txt {name}\nyours\n```", files={})
            assert (outcome.reason, outside.read_text()) == ("error", "mine\n"), outcome.text
