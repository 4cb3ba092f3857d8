"""Current programs for OpenAI's dialects: where they are installed, and how one of them is started."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
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

    def started(
        self, script: str, service: RunningService, token: str, **names: object
    ) -> AbstractContextManager[Program]:
        """Run a script with a server's address and a token; `names` are what it calls by these names."""
        is_node = self.client == "node"
        path = self.folder / ("program.mjs" if is_node else "program.py")
        form = "const {} = {!r};\n" if is_node else "{} = {!r}\n"
        path.write_text("".join(form.format(*named) for named in names.items()) + script, encoding="utf-8")
        return running([self._interpreter(), path], self.folder, {**_VARIABLES, **openai_variables(service.url, token)})

    def _interpreter(self) -> str | Path:
        if self.client != "node":
            return interpreter(self.client, self.installations)
        (self.folder / "node_modules").symlink_to(self.installations.node(NODE_PACKAGE) / "node_modules")
        return "node"
