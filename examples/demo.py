"""A tour of half a minute: a service of one's own, an old script on it, a question about this very repository, a kill.

Nothing is left behind: the services keep their data in a temporary directory, listen on free ports of this machine
alone, and are stopped at the end, also on Ctrl-C.
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

from children import child
from kill_in_the_middle import kill_in_the_middle

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLE = REPOSITORY / "examples" / "old_example.py"
QUESTION = "How does a client find the running server?"

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
            code = tour(home, environment)
        heading(5, "Kill it in the middle of an answer")
        print("The words and steps of this service's model are written down in examples/unstoppable.py;")
        print("what carries them through is the ordinary service.\n")
        code = code or kill_in_the_middle(home, own_environment(home), show)
        heading(6, "Go on")
        print("   .venv/bin/robocoders chat --agent RepoAgent --workspace .   # keep talking; Ctrl-D leaves")
        print("   .venv/bin/robocoders serve --model openai:NAME              # attach a language model")
        print("   .venv/bin/robocoders doctor                                 # what is missing on this machine\n")
        print("The services of this tour are stopped now; their data is gone.", flush=True)
        return code
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
    return code or run([sys.executable, "-m", "robocoders", "sessions", "events", session], environment)


@contextmanager
def serving(home: Path) -> Generator[tuple[str, dict[str, str]]]:
    """Run a service for as long as the block lasts; give its address and the environment to reach it in."""
    environment = own_environment(home)
    log = home / "service.log"
    command = [sys.executable, "-m", "robocoders", "serve", "--port", "0", "--data-dir", str(home / "data")]
    with (
        log.open("wb") as errors,
        child(command, environment=environment, output=subprocess.PIPE, errors=errors) as service,
    ):
        assert service.stdout is not None
        address = service.stdout.readline().strip()
        if not address:
            raise SystemExit(f"The service did not start:\n{log.read_text('utf-8')}")
        yield address, environment | {"ROBOCODERS_BASE_URL": address}


def own_environment(home: Path) -> dict[str, str]:
    """The environment of what the tour starts: nothing of the user's own settings and places."""
    foreign = ("ROBOCODERS_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return environment | {"HOME": str(home), "ROBOCODERS_MODEL": "offline"}


def newest_session(environment: Mapping[str, str]) -> str:
    """Return the id of the session that was used last."""
    command = [sys.executable, "-m", "robocoders", "sessions", "list"]
    with child(command, environment=environment, output=subprocess.PIPE) as listing:
        return listing.communicate()[0].split(maxsplit=1)[0]


def run(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command in the repository, say how long it took, and return its exit code."""
    begun = time.monotonic()
    with child(command, environment=environment, directory=REPOSITORY) as process:
        code = process.wait()
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
        print("\nStopped, and the services with it.", file=sys.stderr)
        sys.exit(130)
