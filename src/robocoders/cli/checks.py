"""What `doctor` looks at. Nothing is created, changed or sent anywhere."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from robocoders import __version__
from robocoders.cli.model_choice import found_models
from robocoders.client import places
from robocoders.client.configuration import resolve
from robocoders.client.discovery import LocalServer, read_servers

__all__ = ["Check", "State", "checks"]

_SERVER_LIBRARIES = ("alembic", "fastapi", "jwt", "pathspec", "pydantic_ai", "sqlalchemy", "uvicorn")
_INSTALLERS = (
    ("apt-get", "sudo apt-get install"),
    ("dnf", "sudo dnf install"),
    ("pacman", "sudo pacman -S"),
    ("zypper", "sudo zypper install"),
    ("apk", "sudo apk add"),
    ("brew", "brew install"),
)
_SERVER_PATIENCE_SECONDS = 1.0


class State(Enum):
    """How much a finding matters."""

    OK = "ok"
    LATER = "later"
    """Not there, and only some things need it."""
    MISSING = "missing"
    """Not there, and the basics need it."""


@dataclass(frozen=True)
class Check:
    """One finding.

    Args:
        name: What was looked at.
        state: How it stands.
        detail: What was found.
        mend: The line that mends it; empty where there is nothing to mend.
        more: Further lines about it.
    """

    name: str
    state: State
    detail: str
    mend: str = ""
    more: tuple[str, ...] = ()


def checks() -> list[Check]:
    """Look at everything.

    Raises:
        ConfigurationError: The user file cannot be read.
    """
    return [_python(), _venv(), _server_extra(), _git(), _sealing(), *_places(), *_servers(), _models()]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", State.OK, f"{version}, robocoders {__version__}, {sys.executable}")


def _venv() -> Check:
    """Debian and its kin ship `venv` without `ensurepip`, so that making an environment fails."""
    missing = [name for name in ("venv", "ensurepip") if find_spec(name) is None]
    if not missing:
        return Check("venv", State.OK, "virtual environments can be made")
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv" if shutil.which("apt-get") else "python3"
    return Check("venv", State.LATER, f"this Python lacks {' and '.join(missing)}", _install(package))


def _server_extra() -> Check:
    missing = [name for name in _SERVER_LIBRARIES if find_spec(name) is None]
    if not missing:
        return Check("extra server", State.OK, "servers can be run here")
    elsewhere = resolve("base_url").value is not None
    detail = f"not installed: {', '.join(missing)}" + (
        "; the server named in the settings is used" if elsewhere else ""
    )
    return Check(
        "extra server", State.LATER if elsewhere else State.MISSING, detail, "pip install 'robocoders[server]'"
    )


def _git() -> Check:
    return _program("git", "git", "the history of workspaces")


def _sealing() -> Check:
    from robocoders.workspace.seal import enforcement, unavailable  # noqa: PLC0415 - only here, and it takes a moment

    found = unavailable()
    if found is not None:
        detail = f"{found.cause}; agents run no commands and write no files"
        return Check("sealed commands", State.LATER, detail, found.mend)
    return Check(
        "sealed commands", State.OK, "by bubblewrap; what holds the limits:", more=tuple(enforcement().lines())
    )


def _program(name: str, package: str, purpose: str) -> Check:
    path = shutil.which(name)
    if path:
        return Check(package, State.OK, path)
    return Check(package, State.LATER, f"not installed; for {purpose}", _install(package))


def _install(package: str) -> str:
    command = next((command for program, command in _INSTALLERS if shutil.which(program)), "install")
    return f"{command} {package}"


def _places() -> Iterator[Check]:
    data_dir = Path(resolve("data_dir").value or "").expanduser()
    for name, directory in (
        ("settings", places.config_file().parent),
        ("data", data_dir),
        ("state", places.state_dir()),
        ("cache", places.cache_dir()),
    ):
        yield _place(name, directory)
    discovery = places.discovery_file()
    if discovery.exists() and not _is_private(discovery):
        yield Check("list of servers", State.MISSING, f"{discovery} is open to others", f"chmod 600 {discovery}")


def _place(name: str, directory: Path) -> Check:
    existing = next(parent for parent in (directory, *directory.parents) if parent.exists())
    if not existing.is_dir():
        return Check(name, State.MISSING, f"{existing} is no directory", f"mv {existing} {existing}.old")
    if not _is_writable(existing):
        return Check(name, State.MISSING, f"{existing} cannot be written", f"sudo chown $(id -u) {existing}")
    return Check(name, State.OK, f"{directory}{'' if existing == directory else ' (made when needed)'}")


def _is_writable(directory: Path) -> bool:
    """Whether a file can be made there; tried with one that has no name and is gone at once."""
    try:
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def _is_private(path: Path) -> bool:
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _servers() -> Iterator[Check]:
    servers = read_servers()
    if not servers:
        yield Check("servers", State.OK, "none runs; robocoders ask starts one")
    for server in servers:
        about = f"{server.url}, version {server.version}, data in {server.data_dir}, process {server.pid}"
        if _answers(server):
            yield Check("server", State.OK, about)
        else:
            yield Check("server", State.MISSING, f"{about}: does not answer", "robocoders stop")


def _answers(server: LocalServer) -> bool:
    parts = urlsplit(server.url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_SERVER_PATIENCE_SECONDS):
            return True
    except OSError:
        return False


def _models() -> Check:
    named = resolve("model")
    if named.value:
        return Check("language model", State.OK, f"{named.value}, from {named.origin} {named.place}".rstrip())
    found = found_models()
    if not found:
        return Check("language model", State.LATER, "none found; answers come from search alone")
    mend = f"robocoders ask --model {found[0].model} ..."
    return Check("language model", State.LATER, "; ".join(model.reason for model in found) + "; not used", mend)
