"""A tour of half a minute: a service of one's own, an old script on it, a question about this very repository.

Nothing is left behind: the service keeps its data in a temporary directory, listens on a free port of this machine
alone, and is stopped at the end, also on Ctrl-C.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLE = REPOSITORY / "examples" / "old_example.py"
QUESTION = "How does a client find the running server?"
STOP_SECONDS = 20.0

FLOW = """\
   your prompt
      |   POST /chat
      v
   the service ----> the agent ----> search over the workspace
      ^                  |
      |                  |  each step is an event
      |                  v
      +----------- the event log (written first, then shown)
      |
      v
   your terminal"""


def main() -> int:
    """Run the tour; return the exit code of the first part that fails."""
    with tempfile.TemporaryDirectory(prefix="robocoders-demo-") as temporary, suppress(BrokenPipeError):
        home = Path(temporary)
        heading(1, "A service of your own")
        print("No key, no account; it listens on this machine alone.\n")
        show("robocoders", "serve")
        with serving(home) as (address, environment):
            print(f"   ready at {address}\n")
            return tour(home, environment)
    return 0


def tour(home: Path, environment: Mapping[str, str]) -> int:
    """Run what needs a service; return an exit code."""
    heading(2, "A script written for the hosted service")
    script = home / "old_script.py"
    # The example as its readers know it: with the import names of old.
    script.write_text(EXAMPLE.read_text("utf-8").replace("from robocoders.", "from g4f."), "utf-8")
    print("   " + script.read_text("utf-8").rstrip().replace("\n", "\n   ") + "\n")
    print("It runs as it is; the old import names hold in this one process:\n")
    show("python", "-m", "robocoders.as_g4f", "old_script.py")
    code = run([sys.executable, "-m", "robocoders.as_g4f", str(script)], environment)

    heading(3, "A question about this very repository")
    ask = ["ask", "--agent", "RepoAgent", "--workspace", ".", QUESTION]
    show("robocoders", *ask)
    code = code or run([sys.executable, "-m", "robocoders", *ask], environment)

    heading(4, "What happened")
    print(FLOW + "\n")
    print("The session's events, as the log keeps them:\n")
    session = newest_session(environment)
    show("robocoders", "sessions", "events", session)
    code = code or run([sys.executable, "-m", "robocoders", "sessions", "events", session], environment)

    heading(5, "Go on")
    print("   .venv/bin/robocoders chat --agent RepoAgent --workspace .   # keep talking; Ctrl-D leaves")
    print("   .venv/bin/robocoders serve --model openai:NAME              # attach a language model")
    print("   .venv/bin/robocoders doctor                                 # what is missing on this machine\n")
    print("The service of this tour is stopped now; its data is gone.", flush=True)
    return code


@contextmanager
def serving(home: Path) -> Generator[tuple[str, dict[str, str]]]:
    """Run a service for as long as the block lasts; give its address and the environment to reach it in."""
    foreign = ("ROBOCODERS_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment |= {"HOME": str(home), "ROBOCODERS_MODEL": "offline"}
    log = home / "service.log"
    command = [sys.executable, "-m", "robocoders", "serve", "--port", "0", "--data-dir", str(home / "data")]
    with log.open("wb") as errors:
        service = subprocess.Popen(  # noqa: S603 - this very project
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
    try:
        assert service.stdout is not None
        with service.stdout as output:
            address = output.readline().strip()
        if not address:
            raise SystemExit(f"The service did not start:\n{log.read_text('utf-8')}")
        yield address, environment | {"ROBOCODERS_BASE_URL": address}
    finally:
        service.terminate()
        try:
            service.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def newest_session(environment: Mapping[str, str]) -> str:
    """Return the id of the session that was used last."""
    command = [sys.executable, "-m", "robocoders", "sessions", "list"]
    listed = subprocess.run(  # noqa: S603 - this very project
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, start_new_session=True
    ).stdout
    return listed.split(maxsplit=1)[0]


def run(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command in the repository, say how long it took, and return its exit code."""
    begun = time.monotonic()
    # Ctrl-C is for the tour, which ends what it started: a program that is just starting would print a traceback.
    code = subprocess.run(  # noqa: S603 - this very project
        command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, check=False, start_new_session=True
    ).returncode
    print(f"\n   ({time.monotonic() - begun:.1f} s{f', exit code {code}' if code else ''})\n", flush=True)
    return code


def heading(number: int, text: str) -> None:
    """Print a heading."""
    print(f"{bold(f'{number}  {text}')}\n{'-' * (len(text) + 3)}", flush=True)


def show(*command: str) -> None:
    """Print a command as one would type it."""
    print(bold(f"   $ {shlex.join(command)}") + "\n", flush=True)


def bold(text: str) -> str:
    """The text, bold where a terminal can show it."""
    plain = not sys.stdout.isatty() or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[1m{text}\x1b[0m"


def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a signal's handler
    """End as if interrupted, so that the service is stopped on the way out."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nStopped, and the service with it.", file=sys.stderr)
        sys.exit(130)
