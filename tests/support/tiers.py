"""Which tests run where: what a marker needs is looked for once, and what is missing is said in the summary."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.support.no_skips import REQUIRE_ALL

_COMMANDS = {
    "needs_node": ("node", "npm"),
    "needs_curl": ("curl",),
    "needs_openssl": ("openssl",),
    "needs_bubblewrap": ("bwrap",),
}


def _why_not(item: pytest.Item) -> str | None:
    """Return why this test cannot run here, or None when it can."""
    for marker, commands in _COMMANDS.items():
        missing = [command for command in commands if shutil.which(command) is None]
        if missing and item.get_closest_marker(marker) is not None:
            return f"needs the command {' and '.join(missing)}"
    if not REQUIRE_ALL:
        if item.get_closest_marker("needs_registry") is not None:
            return "downloads from a package registry; .ci/run does it, or ROBOCODERS_TEST_REQUIRE_ALL=1"
        if item.get_closest_marker("slow") is not None:
            return "takes long; .ci/run does it, or ROBOCODERS_TEST_REQUIRE_ALL=1"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot run here, with the reason."""
    for item in items:
        reason = _why_not(item)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def children_without_measurement(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test marked `unmeasured`: coverage does not follow it into the processes that it starts."""
    if request.node.get_closest_marker("unmeasured") is not None:
        for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS_")]:
            monkeypatch.delenv(name)
