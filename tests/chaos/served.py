"""What runs in the server's process: `python -m tests.chaos.served ROLE FOLDER PORT [DATABASE_LIMIT_BYTES]`."""

from __future__ import annotations

import functools
import os
import shlex
import sys
import threading
from pathlib import Path

from robocoders.agents.running import Emit, Outcome, TurnInput, run_turn
from robocoders.engine.runner import Engine
from robocoders.server.running import MakeEngine
from robocoders.server.serving import serve
from robocoders.server.settings import Settings
from robocoders.store import Store
from tests.chaos.scripts import file_of, say
from tests.chaos.server_process import TOKEN_VARIABLE
from tests.chaos.waiting import pass_time

__all__ = ["EFFECTS_NAME", "effects_in", "main", "written_in"]

EFFECTS_NAME = "effects"
"""What turns leave their effects in, below the folder: a folder of files, or a file."""


def written_in(folder: Path) -> dict[str, str]:
    """What the files hold that turns of a scripted or a sealed server have appended to, by name."""
    files = [*(folder / EFFECTS_NAME).glob("*"), *(folder / "data" / "workspaces").glob("*/*.txt")]
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def effects_in(folder: Path) -> list[str]:
    """The lines that turns of a counting server have left."""
    return (folder / EFFECTS_NAME).read_text(encoding="utf-8").splitlines()


def _scripted(effects: Path) -> MakeEngine:
    """An engine whose model follows `tests.chaos.scripts` and appends lines to a file for each turn."""
    from robocoders.testing.recalling_model import RecallingModel, Step, ToolCall  # noqa: PLC0415 - once the port is taken
    from robocoders.testing.slow_append import slow_append_tool  # noqa: PLC0415 - the same

    def script(prompt: str, number: int) -> Step:
        saying = say(prompt, number)
        name = file_of(prompt)
        calls = [ToolCall("slow_append", {"file": name, "line": line, "piece_length": 6}) for line in saying.lines]
        return Step(pieces=saying.pieces, calls=calls, between=_between_pieces)

    def make_engine(store: Store, settings: Settings) -> Engine:
        return Engine(
            store,
            data_dir=settings.data_dir,
            default_model="scripted",
            resolve_model=lambda _: RecallingModel(script),
            run_turn=functools.partial(run_turn, tools=(slow_append_tool(effects),)),
        )

    return make_engine


def _sealed(_effects: Path) -> MakeEngine:
    """The same, with sealed commands that append the lines in the session's workspace."""
    from robocoders.testing.recalling_model import RecallingModel, Step, ToolCall  # noqa: PLC0415 - once the port is taken

    def script(prompt: str, number: int) -> Step:
        saying = say(prompt, number)
        calls = [ToolCall("run", {"command": _append_command(file_of(prompt), line)}) for line in saying.lines]
        return Step(pieces=saying.pieces, calls=calls, between=_between_pieces)

    def make_engine(store: Store, settings: Settings) -> Engine:
        return Engine(
            store, data_dir=settings.data_dir, default_model="scripted", resolve_model=lambda _: RecallingModel(script)
        )

    return make_engine


def _append_command(name: str, line: str) -> str:
    """A command that appends a line to a file, in pieces, on a line of its own, and says it."""
    file, half = shlex.quote(name), len(line) // 2
    begin = f'test -z "$(tail -c1 {file} 2>/dev/null)" || echo >> {file}'
    pieces = [f"printf %s {shlex.quote(piece)} | tee -a {file}; sleep 0.03" for piece in (line[:half], line[half:])]
    return "; ".join([begin, *pieces, f"echo >> {file}"])


async def _between_pieces() -> None:
    await pass_time(_PIECE_SECONDS)


def _counting(effects: Path) -> MakeEngine:
    """An engine whose turns leave a line each and answer at once."""

    async def answer(turn: TurnInput, _emit: Emit) -> Outcome:
        with effects.open("a", encoding="utf-8") as file:
            file.write(f"{turn.prompt}\n")
        return Outcome(reason="finished", text=f"You said: {turn.prompt}")

    def make_engine(store: Store, settings: Settings) -> Engine:
        return Engine(store, data_dir=settings.data_dir, default_model="offline", run_turn=answer)

    return make_engine


_PIECE_SECONDS = 0.01

_ROLES = {"scripted": _scripted, "sealed": _sealed, "counting": _counting}


def _end_with_parent() -> None:
    """End when standard input does: whoever started this is gone."""
    # Not through `sys.stdin`: its lock, held by a daemon thread, would fail the interpreter's own end.
    while os.read(0, 1024):
        pass
    os._exit(3)


def main() -> int:
    """Serve until a signal, or until standard input ends."""
    role, folder, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settings = Settings(
        port=port, data_dir=folder / "data", accept_tokens=(os.environ[TOKEN_VARIABLE],), heartbeat_seconds=2.0
    )

    def announce(url: str) -> None:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()

    def make_engine(store: Store, settings: Settings) -> Engine:
        return _ROLES[role](folder / EFFECTS_NAME)(store, settings)

    return serve(settings, announce=announce, make_engine=make_engine)


if __name__ == "__main__":
    sys.exit(main())
