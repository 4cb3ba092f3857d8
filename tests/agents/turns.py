"""Running turns in tests, and keeping what they emit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.agents.running import DEFAULT_REQUEST_LIMIT, Exchange, Outcome, TurnInput, run_turn
from robocoders.agents.steps import Steps
from robocoders.events import Event
from robocoders.workspace.files import Workspace

if TYPE_CHECKING:
    from pydantic_ai.models import Model
    from pydantic_ai.tools import Tool

    from robocoders.agents.sealing import Seal
    from robocoders.agents.tool_context import ToolContext

__all__ = ["FILES", "Desk", "Screen", "write_files"]

FILES = {
    "README.md": "<!-- note -->\n![badge](x)\n# Shop\n\nSells things.\n",
    "Makefile": "test: build\n\tpytest\nbuild:\n\ttrue\n",
    "pyproject.toml": (
        '[project]\nname = "shop"\nrequires-python = ">=3.11"\n[project.scripts]\nshop = "shop:main"\n[tool.pytest]\n'
    ),
    "shop/__main__.py": "from shop.cookies import parse_cookie\n",
    "shop/cookies.py": (
        "def parse_cookie(header):\n    name, _, value = header.partition('=')\n    return {name: value}\n"
    ),
}
"""A small repository."""


def write_files(root: Path, files: dict[str, str]) -> Path:
    """Write files below a directory and return it."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@dataclass
class Screen:
    """Shows live text as a reader would see it; a None in the log is a withdrawal."""

    log: list[str | None] = field(default_factory=list[str | None])
    text: str = ""
    flushed: str = ""

    async def write(self, text: str) -> None:
        """Show a piece."""
        self.log.append(text)
        self.text += text

    async def withdraw(self) -> None:
        """Take all back, where there is something."""
        if self.text:
            self.log.append(None)
        self.text = self.flushed = ""

    async def flush(self) -> None:
        """Note what was there."""
        self.flushed = self.text

    def clear(self) -> None:
        """The event has come."""
        self.text = self.flushed = ""


@dataclass
class Desk:
    """Runs turns and keeps their events, numbered from 1."""

    directory: Path
    events: list[Event] = field(default_factory=list[Event])
    screen: Screen = field(default_factory=Screen)
    steps: Steps | None = None
    tools: Sequence[Tool[ToolContext]] = ()
    capabilities: Sequence[object] = ()
    seal: Seal | None = None
    seal_refusal: str = "Install bubblewrap first."
    messages: bytes | None = None

    async def emit(self, event: Event) -> int:
        """Keep an event and give it the next id."""
        self.events.append(event)
        self.screen.clear()
        return len(self.events)

    async def turn(
        self,
        prompt: str,
        model: Model | str = "offline",
        *,
        agent: str = "GeneralCodingAgent",
        files: dict[str, str] | None = None,
        history: Sequence[Exchange] = (),
        request_limit: int = DEFAULT_REQUEST_LIMIT,
    ) -> Outcome:
        """One turn; `files` are the workspace's, none: there is no workspace."""
        workspace = None
        if files is not None:
            root = self.directory / "workspace"
            root.mkdir(exist_ok=True)
            workspace = Workspace(write_files(root, files))
        turn = TurnInput(
            agent=agent,
            prompt=prompt,
            model=model,
            workspace=workspace,
            index_dir=self.directory / "index",
            history=history,
            request_limit=request_limit,
            live=self.screen,
            steps=self.steps,
            capabilities=self.capabilities,
            seal=self.seal,
            seal_refusal=self.seal_refusal,
            messages=self.messages,
        )
        return await run_turn(turn, self.emit, tools=self.tools)

    @property
    def names(self) -> list[str]:
        """The names of the events, in order; observations with their cause."""
        return [event.name if event.cause is None else f"{event.name}<-{event.cause}" for event in self.events]
