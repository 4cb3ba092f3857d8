"""Running turns in tests, and keeping what they emit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.agents.running import DEFAULT_REQUEST_LIMIT, Exchange, Outcome, TurnInput, run_turn
from robocoders.events import Event
from robocoders.workspace.files import Workspace

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["FILES", "Desk", "write_files"]

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
class Desk:
    """Runs turns and keeps their events, numbered from 1."""

    directory: Path
    events: list[Event] = field(default_factory=list[Event])

    async def emit(self, event: Event) -> int:
        """Keep an event and give it the next id."""
        self.events.append(event)
        return len(self.events)

    async def turn(
        self,
        prompt: str,
        model: Model | str = "offline",
        *,
        agent: str = "RepoAgent",
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
        )
        return await run_turn(turn, self.emit)

    @property
    def names(self) -> list[str]:
        """The names of the events, in order; observations with their cause."""
        return [event.name if event.cause is None else f"{event.name}<-{event.cause}" for event in self.events]
