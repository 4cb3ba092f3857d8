"""A service that can be killed in the middle of an answer, for `make demo`: `unstoppable.py DATA_DIR EFFECTS PORT`.

It is `robocoders serve` through the library, with two things added: a scripted model, so that no key is needed, and a
tool that appends a line to the file EFFECTS, slowly. Its words are written down below; everything else, above all what
makes a turn survive, is the ordinary service.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.server.serving import serve
from robocoders.server.settings import Settings

if TYPE_CHECKING:
    from robocoders.engine.runner import Engine
    from robocoders.store import Store

LINES = ("The prompt has come.", "The work is half done.", "The work is done.")
ANSWER = (
    "Each of the three lines stands in the file once. Kill the process that tells you this, right now if you like: "
    "what is finished stays finished, what I was saying I begin again, and you will read this sentence to its end."
)
SECONDS_A_WORD = 0.08


def main(data_dir: Path, effects: Path, port: int) -> int:
    """Serve until a signal ends it; print the address when it is ready."""

    def make_engine(store: Store, settings: Settings) -> Engine:
        # ruff: disable[PLC0415] - all of them are heavy; whoever calls meanwhile waits, since the port is taken
        from robocoders.agents.running import run_turn
        from robocoders.engine.runner import Engine
        from robocoders.testing.recalling_model import RecallingModel, Step, ToolCall
        from robocoders.testing.slow_append import slow_append_tool
        # ruff: enable[PLC0415]

        def script(_prompt: str, number: int) -> Step:
            if number < len(LINES):
                return Step(calls=[ToolCall("slow_append", {"file": effects.name, "line": LINES[number]})])
            words = [f"{word} " for word in ANSWER.split()]
            return Step(pieces=words, between=lambda: asyncio.sleep(SECONDS_A_WORD))

        return Engine(
            store,
            data_dir=settings.data_dir,
            default_model="scripted",
            resolve_model=lambda _name: RecallingModel(script),
            run_turn=functools.partial(run_turn, tools=(slow_append_tool(effects.parent),)),
        )

    return serve(Settings(port=port, data_dir=data_dir), announce=announce, make_engine=make_engine)


def announce(address: str) -> None:
    """Print the address, as `robocoders serve` does."""
    print(address, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
