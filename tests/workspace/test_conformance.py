"""The library's own rules for workspaces, on sealed ones: inherited as they are, none is overridden."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic_ai.workspaces import WorkspaceBackend, WorkspaceRef  # noqa: TC002 -- fixtures are told by it
from pydantic_ai.workspaces.conformance import WorkspaceBackendSuite

from robocoders.workspace.seal import Seal
from robocoders.workspace.seal.backend import SealedBackend


@pytest.fixture
async def seal(tmp_path: Path) -> AsyncGenerator[Seal]:
    root = tmp_path / "workspace"
    root.mkdir()
    async with Seal(root) as made:
        yield made


@pytest.mark.needs_bubblewrap
class TestSealedWorkspace(WorkspaceBackendSuite):
    """One process namespace serves all commands of a turn.

    So even the rules that look for a process by its number from a second command hold as they are.
    """

    @pytest.fixture
    def backend(self, seal: Seal) -> WorkspaceBackend:
        return SealedBackend(seal)

    @pytest.fixture
    def fresh_backend(self, seal: Seal) -> Callable[[], WorkspaceBackend]:
        return lambda: SealedBackend(seal)

    @pytest.fixture
    def attach_backend(self, seal: Seal) -> Callable[[WorkspaceRef], WorkspaceBackend]:
        return lambda ref: SealedBackend(seal, ref=ref)

    @pytest.fixture
    def destroy_environment(self) -> Callable[[WorkspaceBackend], Awaitable[None]]:
        async def destroy(backend: WorkspaceBackend) -> None:
            shutil.rmtree(await backend.working_dir())

        return destroy

    async def test_a_workspace_of_a_seal_conforms(self, backend: WorkspaceBackend) -> None:
        """Promise: pydantic-ai, the conformance suite of workspaces (all of its rules are inherited here)."""
        await self.test_has_the_required_members(backend)
