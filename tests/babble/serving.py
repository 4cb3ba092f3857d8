"""A model server with a model of random weights, and this project's service before it, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.babble.environment import DIRECTORY, server_python
from tests.babble.mouths import Mouth
from tests.babble.random_model import write_random_model

__all__ = ["ModelServer", "babbling", "serving"]

_HOST = Path(__file__).with_name("model_host.py")
_NAME = "babble-model"
_BOUND_SECONDS = 60


@dataclass(frozen=True)
class ModelServer:
    """A running model server.

    Args:
        url: Its address, without a path.
    """

    url: str

    @property
    def model_options(self) -> list[str]:
        """What tells `robocoders serve` of it."""
        return ["--model", f"openai-compatible:{_NAME}", "--model-url", f"{self.url}/v1"]

    def tokens_said(self) -> int:
        """Return how many tokens it has made since it started, by its own count."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=_BOUND_SECONDS) as response:
            metrics: str = response.read().decode()
        found = re.search(r"^llamacpp:tokens_predicted_total (\d+)", metrics, re.MULTILINE)
        assert found is not None, metrics
        return int(found[1])


@contextmanager
def babbling(directory: Path, mouth: Mouth) -> Generator[ModelServer]:
    """Make a model and serve it on loopback until the block ends."""
    assert DIRECTORY is not None, "the tests are off"
    model = directory / "babble.gguf"
    write_random_model(model, mouth.seed, mouth.leanings)
    wishes = {name: value for name, value in asdict(mouth).items() if name != "leanings"}
    command = [str(server_python(DIRECTORY)), str(_HOST), str(model), _NAME, json.dumps(wishes)]
    with _announced(command, directory / "model-server.log") as url:
        yield ModelServer(url)


@contextmanager
def serving(directory: Path, model_server: ModelServer) -> Generator[str]:
    """Run `robocoders serve` with that model until the block ends, and give its address."""
    command = [sys.executable, "-m", "robocoders", "serve", "--port", "0", "--data-dir", str(directory / "data")]
    with _announced([*command, *model_server.model_options], directory / "service.log") as url:
        yield url


@contextmanager
def _announced(command: Sequence[str], log: Path) -> Generator[str]:
    """Run a server that prints its address first; it ends by itself at the end of its input, or is terminated."""
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command, env={**os.environ}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            assert select.select([process.stdout], [], [], _BOUND_SECONDS)[0], "the server did not start"
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), log.read_text(encoding="utf-8", errors="replace")
            yield url
            assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        finally:
            process.terminate()
            process.communicate(timeout=_BOUND_SECONDS)
