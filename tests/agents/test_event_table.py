from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from robocoders.agents.event_table import EVENTS
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from robocoders.wire.codec import event_object
from tests.agents.plain_seal import PlainSeal
from tests.agents.turns import FILES, Desk, write_files

OLD, NEW = "return {name: value}", "return {name: value or ''}"
DIFF = (
    f"@@ -1,3 +1,3 @@\n def parse_cookie(header):\n     name, _, value = header.partition('=')\n-    {OLD}\n+    {NEW}"
)
BLOCK = f"<<<<<<< SEARCH\n{OLD}\n=======\n{NEW}\n>>>>>>> REPLACE"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk whose commands run in the workspace, without a seal around them."""
    return Desk(tmp_path, seal=PlainSeal(write_files(tmp_path / "workspace", FILES)))


class Case(NamedTuple):
    """A call and the events that tell it."""

    tool: str
    called: dict[str, Any]
    action: str
    args: dict[str, Any]
    observation: str
    content: str
    extras: dict[str, Any]


TABLE = [
    Case(
        "run",
        {"command": "echo one; echo two >&2; exit 3"},
        "run",
        {"command": "echo one; echo two >&2; exit 3", "background": False, "thought": "Why."},
        "run",
        "one\ntwo\n",
        {"command_id": 1, "command": "echo one; echo two >&2; exit 3", "exit_code": 3},
    ),
    Case(
        "python",
        {"code": "print(6 * 7)"},
        "run_ipython",
        {"code": "print(6 * 7)", "thought": "Why.", "kernel_init_code": ""},
        "run_ipython",
        "42\n",
        {"code": "print(6 * 7)"},
    ),
    Case(
        "list",
        {"path": "shop"},
        "read",
        {"path": "shop/", "start": 0, "end": -1, "thought": "Why."},
        "read",
        "shop/__main__.py\nshop/cookies.py",
        {"path": "shop/"},
    ),
    Case(
        "read",
        {"path": "shop/__main__.py"},
        "read",
        {"path": "shop/__main__.py", "start": 1, "end": -1, "thought": "Why."},
        "read",
        "from shop.cookies import parse_cookie",
        {"path": "shop/__main__.py"},
    ),
    Case(
        "write",
        {"path": "new/a.txt", "content": "a\nb\n"},
        "write",
        {"path": "new/a.txt", "content": "a\nb\n", "start": 0, "end": -1, "thought": "Why."},
        "write",
        "Wrote new/a.txt: 2 lines, 4 bytes.",
        {"path": "new/a.txt"},
    ),
    Case(
        "edit",
        {"path": "shop/cookies.py", "old": OLD, "new": NEW},
        "edit",
        {"path": "shop/cookies.py", "content": BLOCK, "start": 1, "end": -1, "thought": "Why."},
        "edit",
        DIFF,
        {"path": "shop/cookies.py", "prev_exist": True, "old_content": OLD, "new_content": NEW},
    ),
    Case(
        "search",
        {"query": "zebra"},
        "recall",
        {"query": "zebra", "thought": "Why."},
        "recall",
        "Nothing found for: zebra.",
        {"memories": [], "role": ""},
    ),
]


@pytest.mark.parametrize("case", TABLE, ids=[case.tool for case in TABLE])
async def test_a_tool_is_told_as_the_table_says(desk: Desk, case: Case) -> None:
    """Protocol fact: names, arguments and extras of actions and observations, and the order of their keys."""
    model = ScriptedModel([Step(calls=[ToolCall(case.tool, {**case.called, "thought": "Why."})]), "ok"])
    assert (await desk.turn("x", model, files={})).text == "ok"
    told, came = (event_object(event) for event in desk.events)
    assert json.dumps([told["action"], told["args"]]) == json.dumps([case.action, case.args])
    assert json.dumps([came["observation"], came["content"], came["extras"]]) == json.dumps(
        [case.observation, case.content, case.extras]
    )
    assert list(told) == ["source", "message", "action", "args"]
    assert list(came) == ["source", "message", "cause", "observation", "content", "extras"]
    assert told["message"]
    assert came["cause"] == 1


def test_the_table_has_every_tool() -> None:
    """Promise: ours; the one table of events has a row for each tool."""
    assert sorted(EVENTS) == sorted(case.tool for case in TABLE)
