"""`robocoders search`: the places in a directory that answer a question, without a session, a server or a model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robocoders.cli.exit_codes import ExitCode
from robocoders.cli.options import JsonlOption
from robocoders.cli.terminal import Display, display_of, printable

if TYPE_CHECKING:
    from robocoders.search.index import SearchResult

__all__ = ["search"]

_Words = Annotated[
    list[str], typer.Argument(metavar="WORDS", help="What to look for: a question, or names from the code.")
]
_Workspace = Annotated[Path, typer.Option("--workspace", metavar="DIR", help="Where to look.", show_default=False)]
_PROGRESS_STEP = 100


def search(words: _Words, *, workspace: _Workspace = Path(), jsonl: JsonlOption = False) -> None:
    """Find the places in a directory that answer a question: at most five, best first.

    Nothing is asked of a model or a server. The index is kept beside the data of your own server and brought up to date
    first. The exit code is 0 when something was found and 1 when there is no strong match, as grep has it.
    """
    found = _found(" ".join(words), workspace)
    if jsonl:
        _print_objects(found)
    else:
        _print_places(found)
    if not found.strong:
        raise typer.Exit(ExitCode.FAILED)


def _found(question: str, directory: Path) -> SearchResult:
    from robocoders.client.configuration import resolve  # noqa: PLC0415 - `--help` needs none of this
    from robocoders.search.asking import ask  # noqa: PLC0415
    from robocoders.search.index import Index  # noqa: PLC0415
    from robocoders.workspace.files import Workspace  # noqa: PLC0415

    data_dir = Path(resolve("data_dir").value or "").expanduser().resolve()
    workspace = Workspace(directory, masked=(data_dir,))
    with Index.open(data_dir / "index", workspace) as index:
        progress = _Progress()
        try:
            index.refresh(progress.tell)
        finally:
            progress.clear()
        return ask(index, question)


def _print_places(found: SearchResult) -> None:
    from robocoders.workspace.names import quote_path  # noqa: PLC0415

    terms = f"Searched for: {', '.join(found.terms) or 'nothing, there is no word to look for'}"
    lines = [] if found.strong else ["No strong match."]
    for place in found.places if found.strong else ():
        symbol = f"  {place.symbol}" if place.symbol else ""
        lines += [f"{quote_path(place.path)}:{place.line}{symbol}"]
        lines += [f"    {line}".rstrip() for line in place.excerpt.splitlines()]
        lines += [""]
    text = "\n".join([*lines, terms])
    print(printable(text) if sys.stdout.isatty() else text)  # noqa: T201 - data for standard output


def _print_objects(found: SearchResult) -> None:
    from robocoders.workspace.names import quote_path  # noqa: PLC0415

    for place in found.places if found.strong else ():
        row = {
            "path": quote_path(place.path),
            "line": place.line,
            "symbol": place.symbol,
            "kind": place.kind,
            "excerpt": place.excerpt,
            "terms": found.terms,
        }
        print(json.dumps(row))  # noqa: T201 - data for standard output


class _Progress:
    """How far the index is, on standard error; only for a person at a terminal."""

    def __init__(self) -> None:
        self._is_shown = display_of(sys.stderr) is Display.LIVE
        self._width = 0

    def tell(self, read: int, wanted: int) -> None:
        """Take note of the files that were read and of all that must be read."""
        if self._is_shown and wanted > _PROGRESS_STEP and (read % _PROGRESS_STEP == 0 or read == wanted):
            text = f"Indexing: {read} of {wanted} files"
            self._width = max(self._width, len(text))
            sys.stderr.write(f"\r{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            sys.stderr.write(f"\r{' ' * self._width}\r")
            sys.stderr.flush()
