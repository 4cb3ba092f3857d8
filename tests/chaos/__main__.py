"""The storm and the duplicated sends as a program: `python -m tests.chaos --turns 500 --sessions 20`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.chaos.duplicates import send_duplicates
from tests.chaos.figures import Verdict, judge
from tests.chaos.served import written_in
from tests.chaos.server_process import ServerProcess
from tests.chaos.storm import Plan, Storm


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--turns", type=int, default=500, help="prompts in the storm; 0: no storm")
    parser.add_argument("--sessions", type=int, default=20, help="sessions at once")
    parser.add_argument("--duplicates", type=int, default=10_000, help="duplicated sends; 0: none")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(1 << 32), help="what chance follows from"
    )
    parser.add_argument("--shortest", type=float, default=1.0, help="shortest time between a start and a kill, seconds")
    parser.add_argument("--longest", type=float, default=5.0, help="longest time between a start and a kill, seconds")
    parser.add_argument("--limit", type=float, default=1800.0, help="how long each part may take, seconds")
    parser.add_argument("--folder", type=Path, help="an empty folder to work in and keep; else one that is removed")
    parser.add_argument("--sealed", action="store_true", help="the turns run sealed commands; needs bubblewrap")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    return parser.parse_args()


async def storm(folder: Path, plan: Plan, role: str = "scripted") -> Verdict:
    """Run a storm in a folder and judge it.

    Args:
        folder: An empty folder.
        plan: How big it is.
        role: The program of `tests.chaos.served`: `scripted`, or `sealed` for sealed commands.
    """
    async with ServerProcess(folder, secrets.token_urlsafe(16), role) as server:
        blown = Storm(server, plan)
        late: list[str] = []
        try:
            await blown.run()
        except TimeoutError:
            late.append(f"not over after {plan.limit_seconds:.0f} s: what follows is about a storm that was broken off")
            await server.end()
            await server.start()
        verdict = await judge(blown.readings, blown.prompts, server, written_in(folder))
    verdict.faults[:0] = late
    verdict.figures |= {**asdict(blown.weather), "seconds": blown.seconds}
    return verdict


async def _both(arguments: argparse.Namespace, folder: Path) -> dict[str, Verdict]:
    found: dict[str, Verdict] = {}
    if arguments.turns:
        (folder / "storm").mkdir()
        plan = Plan(
            turns=arguments.turns,
            sessions=arguments.sessions,
            seed=arguments.seed,
            shortest=arguments.shortest,
            longest=arguments.longest,
            limit_seconds=arguments.limit,
        )
        found["storm"] = await storm(folder / "storm", plan, "sealed" if arguments.sealed else "scripted")
        _tell(arguments, "storm", found["storm"])
    if arguments.duplicates:
        (folder / "duplicates").mkdir()
        async with asyncio.timeout(arguments.limit):
            found["duplicates"] = await send_duplicates(folder / "duplicates", arguments.duplicates, arguments.seed)
        _tell(arguments, "duplicates", found["duplicates"])
    return found


def _tell(arguments: argparse.Namespace, name: str, verdict: Verdict) -> None:
    """Tell people at once: the next part takes minutes."""
    if not arguments.json:
        sys.stdout.write(f"\n{name}\n")
        verdict.tell(lambda line: sys.stdout.write(f"  {line}\n"))
        sys.stdout.flush()


def main() -> int:
    """Run what the arguments say; 1 where something does not hold."""
    arguments = _arguments()
    sys.stderr.write(f"seed {arguments.seed}\n")
    with tempfile.TemporaryDirectory(prefix="robocoders-chaos-") as temporary:
        folder: Path = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        # The clients' cache and settings are this program's own, too.
        for name in [name for name in os.environ if name.startswith(("XDG_", "ROBOCODERS_"))]:
            del os.environ[name]
        os.environ["HOME"] = str(folder / "home")
        (folder / "home").mkdir(mode=0o700)
        verdicts = asyncio.run(_both(arguments, folder))
    if arguments.json:
        told = {name: {"figures": verdict.figures, "faults": verdict.faults} for name, verdict in verdicts.items()}
        sys.stdout.write(json.dumps({"seed": arguments.seed, **told}) + "\n")
    return 1 if any(verdict.faults for verdict in verdicts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
