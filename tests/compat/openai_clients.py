"""Current programs for OpenAI's dialects: where they are installed, and how one of them is started."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.compat.installing import Installations
from tests.compat.programs import Program, openai_variables, running
from tests.support.service import RunningService

__all__ = ["NODE_PACKAGE", "Starter", "interpreter"]

NODE_PACKAGE = "openai@7.57.0"

_PINS = Path(__file__).with_name("openai_pins")

_VARIABLES = {
    # What it would fetch from elsewhere when it is imported.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}


def interpreter(client: str, installations: Installations) -> Path:
    """The Python of a client, by the name of its pins; pydantic-ai lies in this project's own environment."""
    if client == "pydantic-ai":
        return Path(sys.executable)
    return installations.pinned(_PINS / f"{client}.txt") / "bin" / "python"


@dataclass(frozen=True)
class Starter:
    """Starts programs of one client.

    Args:
        installations: Where it is installed.
        folder: Where programs lie and run.
        client: The name of its pins; `node` for OpenAI's library for Node.js, `pydantic-ai` for what is here already.
    """

    installations: Installations
    folder: Path
    client: str = "openai"

    @contextmanager
    def started(self, script: str, service: RunningService, token: str, **names: object) -> Generator[Program]:
        """Run a script; `names` are what it calls by these names."""
        with self.started_at(service.url, token, script, names) as program:
            yield program

    def started_at(
        self, url: str, token: str, script: str, names: Mapping[str, object] | None = None
    ) -> AbstractContextManager[Program]:
        """The same for a server at an address."""
        variables = {**_VARIABLES, **openai_variables(url, token)}
        if self.client == "node":
            modules = self.installations.node(NODE_PACKAGE) / "node_modules"
            path = self.folder / "program.mjs"
            (self.folder / "node_modules").symlink_to(modules)
            command: list[str | Path] = ["node", path]
        else:
            path = self.folder / "program.py"
            command = [interpreter(self.client, self.installations), path]
        form = "const {} = {!r};\n" if self.client == "node" else "{} = {!r}\n"
        constants = "".join(form.format(name, value) for name, value in (names or {}).items())
        path.write_text(constants + script, encoding="utf-8")
        return running(command, self.folder, variables)
