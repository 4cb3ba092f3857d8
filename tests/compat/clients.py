"""How each old client is started: which script, with which interpreter, in which surroundings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.compat import old_scripts
from tests.compat.installing import Installations

G4F_VERSIONS = ("0.3.9.1", "0.5.3.1")
AXIOS_VERSIONS = ("0.21.1", "1.7.7")


@dataclass(frozen=True)
class Client:
    """A client ready to run.

    Args:
        command: What to run; prompts are appended.
        folder: Where it runs.
        variables: What it needs in its environment.
        cache: Where it keeps its token and session, for those that do.
        continues: It sends `continue` after every answer without being asked.
        is_raw: It shows the lines as they come, so texts are encoded as JSON.
    """

    command: tuple[str | Path, ...]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    cache: Path | None = None
    continues: bool = False
    is_raw: bool = False

    def shows(self, text: str, output: str) -> bool:
        """Whether a text of an event is in what the client printed."""
        return (json.dumps(text)[1:-1] if self.is_raw else text) in output

    def cached(self) -> dict[str, str]:
        """Return what the client's cache holds."""
        assert self.cache is not None
        found: dict[str, str] = json.loads(self.cache.read_text(encoding="utf-8"))
        return found

    def remember(self, token: str, sid: str) -> Client:
        """Return the client with a token and a session it got earlier, in its cache or its configuration."""
        if self.cache is not None:
            self.cache.parent.mkdir(exist_ok=True)
            self.cache.write_text(json.dumps({"access_token": token, "sid": sid}), encoding="utf-8")
            return self
        known = {**self.variables, "ROBOCODERS_API_TOKEN": token, "SID": sid}
        return Client(self.command, self.folder, known, is_raw=self.is_raw)


def g4f(version: str, installations: Installations, folder: Path, script: str = old_scripts.G4F) -> Client:
    """The provider inside a release of g4f; its package is copied, since 0.3.9.1 writes its cache into itself."""
    environment = installations.python(f"g4f=={version}", "beautifulsoup4")
    (installed,) = environment.glob("lib/python*/site-packages/g4f")
    packages = folder / "packages"
    shutil.copytree(installed, packages / "g4f", dirs_exist_ok=True)
    path = folder / "old_script.py"
    path.write_text(script, encoding="utf-8")
    caches = {
        "0.3.9.1": packages / "g4f" / "Provider" / ".cache" / "robocoders.json",
        "0.5.3.1": folder / "har_and_cookies" / "robocoders.json",
    }
    command = (environment / "bin" / "python", path)
    return Client(command, folder, {"PYTHONPATH": str(packages)}, cache=caches[version], continues=True)


def axios(version: str, installations: Installations, folder: Path) -> Client:
    """A release of axios, reading the whole body at once."""
    modules = installations.node(f"axios@{version}") / "node_modules"
    path = folder / "old_script.js"
    path.write_text(old_scripts.AXIOS, encoding="utf-8")
    return Client(("node", path), folder, {"NODE_PATH": str(modules)})


def requests(installations: Installations, folder: Path) -> Client:
    """The library requests, reading line by line."""
    environment = installations.python("requests")
    path = folder / "old_script.py"
    path.write_text(old_scripts.REQUESTS, encoding="utf-8")
    return Client((environment / "bin" / "python", path), folder)


def curl(_: Installations, folder: Path) -> Client:
    """The command curl, in a shell script."""
    path = folder / "old_script.sh"
    path.write_text(old_scripts.CURL, encoding="utf-8")
    return Client(("sh", path), folder, is_raw=True)


def _g4f(version: str) -> Callable[[Installations, Path], Client]:
    return lambda installations, folder: g4f(version, installations, folder)


def _axios(version: str) -> Callable[[Installations, Path], Client]:
    return lambda installations, folder: axios(version, installations, folder)


_needs_registry = pytest.mark.needs_registry
_needs_node = pytest.mark.needs_node

OLD_CLIENTS = [
    *(pytest.param(_g4f(version), id=f"g4f-{version}", marks=_needs_registry) for version in G4F_VERSIONS),
    *(
        pytest.param(_axios(version), id=f"axios-{version}", marks=[_needs_registry, _needs_node])
        for version in AXIOS_VERSIONS
    ),
    pytest.param(requests, id="requests", marks=_needs_registry),
    pytest.param(curl, id="curl", marks=pytest.mark.needs_curl),
]
"""Every client that is promised to work, as parameters of a test: functions that set one up."""

SetUp = Callable[[Installations, Path], Client]
