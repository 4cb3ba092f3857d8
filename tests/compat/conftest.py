"""What the tests of old clients share: the installed clients, an authority, and whether namespaces can be made here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.compat.hosting import (
    HostedServer,
    LocalServer,
    RepositorySession,
    make_authority,
    run_as_hosted,
    serving,
    sign_in_key,
)
from tests.compat.installing import Installations
from tests.compat.openai_clients import Starter
from tests.compat.openai_turns import RamblingTurns
from tests.support.service import RunningService, running_service


@pytest.fixture(scope="session")
def installations(tmp_path_factory: pytest.TempPathFactory) -> Installations:
    """The clients, installed once for all workers of this test run."""
    own = tmp_path_factory.getbasetemp()
    root = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "old-clients"
    root.mkdir(exist_ok=True)
    return Installations(root)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the recipe makes; the test is skipped where private namespaces cannot be made at all."""
    directory = make_authority(tmp_path_factory.mktemp("authority") / "robocoders-hosted")
    ended = run_as_hosted(directory, ["true"], cwd=directory)
    if ended.returncode == 125:
        pytest.skip(f"needs private namespaces: {ended.stderr.strip()}")
    return directory


@pytest.fixture(scope="session")
def server(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[HostedServer]:
    """A server with an open token page, for all tests of a worker; each has sessions of its own."""
    with serving(authority, tmp_path_factory.mktemp("open")) as running:
        yield running


@pytest.fixture(scope="session")
def local_server(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalServer]:
    """A server in the mode `local`, where sessions can have a repository, for all tests of a worker."""
    home = tmp_path_factory.mktemp("local")
    with serving(authority, home, auth="local") as running:
        yield LocalServer(running, running.token(sign_in_key(home)), home / "server.log")


@pytest.fixture
def repository_session(local_server: LocalServer, tmp_path: Path) -> RepositorySession:
    """A session over a repository with one file, whose answers take several events."""
    repository = tmp_path / "repository"
    repository.mkdir()
    source = (
        'def write_credential_cache(path, data):\n    """Write the credential cache."""\n    path.write_text(data)\n'
    )
    (repository / "cache.py").write_text(source, encoding="utf-8")
    body = {"workspace": str(repository)}
    status, made = local_server.hosted.request("POST", "/sessions", token=local_server.token, body=body)
    assert status == 200, made
    return RepositorySession(local_server.hosted, local_server.token, json.loads(made)["sid"], local_server.log)


@pytest.fixture
def service(tmp_path: Path) -> Generator[RunningService]:
    """A server for current programs, with an agent that follows scripts; its streams are full of heartbeats."""
    with running_service(tmp_path / "data", turns=RamblingTurns(), heartbeat_seconds=0.01) as running:
        yield running


@pytest.fixture
def token(service: RunningService) -> str:
    """Its owner's token."""
    return service.token()


@pytest.fixture
def program_of(installations: Installations, tmp_path: Path) -> Callable[[str], Starter]:
    """Gives what starts programs of a client, by its name."""
    return lambda client: Starter(installations, tmp_path, client)
