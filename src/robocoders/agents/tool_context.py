"""What the tools of a turn work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.agents.sealing import Seal
from robocoders.agents.steps import Live, Steps
from robocoders.workspace.files import Workspace

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["ToolContext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """What the tools of one turn work with.

    Attributes:
        workspace: The directory the agent may read, where there is one.
        index_dir: Where the search index is kept.
        steps: What carries out tool calls. A tool that reads or changes anything does it as a step.
        live: Where the text of the event to come goes; a step is given it, too.
        model: What answers the turn's requests.
        seal: Where commands are run and files are written; None: both are refused.
        seal_refusal: What is said where there is no seal.
        usage: Returns what the turn has used up so far, by the names of a turn's usage.
    """

    workspace: Workspace | None
    index_dir: Path
    steps: Steps
    live: Live
    model: Model
    seal: Seal | None = None
    seal_refusal: str = ""
    usage: Callable[[], Mapping[str, int]] = dict
