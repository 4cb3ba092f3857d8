"""What every test gets: a home of its own and an environment without anybody's settings."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

pytest_plugins = ["tests.support.no_skips", "tests.support.tiers"]

_FOREIGN_PREFIXES = ("ROBOCODERS_", "XDG_", "OPENAI_", "ANTHROPIC_", "OLLAMA_")
_FOREIGN_NAMES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "FORCE_COLOR",
    "NO_COLOR",
)

# A shell starts what runs in the background with SIGINT ignored, and whatever a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of this test's own, also for the processes that it starts."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN_PREFIXES) or name in _FOREIGN_NAMES or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    # What a plain terminal says; a test that wants another one says so.
    monkeypatch.setenv("TERM", "xterm-256color")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    return home
