"""Flags that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AgentOption",
    "BaseUrlOption",
    "DataDirOption",
    "JsonlOption",
    "LimitOption",
    "MaxContinuesOption",
    "ModelOption",
    "NetworkOption",
    "SessionArgument",
    "SessionOption",
    "WorkspaceOption",
]

AgentOption = Annotated[
    str, typer.Option("--agent", metavar="NAME", help="The agent to ask; `robocoders agents` lists them.")
]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", metavar="DIR", help="Work on this directory itself (with a server on this machine)."),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="MODEL", help="The language model: provider:NAME, or offline."),
]
NetworkOption = Annotated[
    bool, typer.Option("--network", help="Let the new session's commands reach the network and this machine's servers.")
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help="iterations, money_usd (a prompt), ceiling_money_usd, ceiling_tokens, ceiling_seconds (the session).",
    ),
]
SessionOption = Annotated[
    str | None, typer.Option("--session", metavar="SID", help="Go on in this session instead of a new one.")
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="The server's address; without it the one on this machine."),
]
JsonlOption = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line, and nothing else.")]
MaxContinuesOption = Annotated[
    int, typer.Option("--max-continues", metavar="N", min=0, help="How often to go on by itself at a limit.")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help="Where the server keeps its things; ROBOCODERS_DATA_DIR."),
]
SessionArgument = Annotated[str, typer.Argument(metavar="SID", help="The session's id.", show_default=False)]
