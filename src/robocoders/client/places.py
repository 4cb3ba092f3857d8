"""Where the files of a user lie: the platform's own directories (XDG on Linux), asked for at every call.

The functions only name places. Nothing is created here.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_dir", "config_file", "credentials_file", "data_dir", "discovery_file", "leases_dir", "state_dir"]

_APPLICATION = "robocoders"


def config_file() -> Path:
    """The user's settings: `ROBOCODERS_CONFIG`, else `config.toml` in the platform's configuration directory."""
    named = os.environ.get("ROBOCODERS_CONFIG")
    if named:
        return Path(named).expanduser()
    import platformdirs  # noqa: PLC0415 - importing the client loads no third-party module

    return platformdirs.user_config_path(_APPLICATION, appauthor=False) / "config.toml"


def data_dir() -> Path:
    """What a local server keeps: `ROBOCODERS_DATA_DIR`, else the platform's data directory."""
    named = os.environ.get("ROBOCODERS_DATA_DIR")
    if named:
        return Path(named).expanduser()
    import platformdirs  # noqa: PLC0415 - importing the client loads no third-party module

    return platformdirs.user_data_path(_APPLICATION, appauthor=False)


def state_dir() -> Path:
    """What is true only while things run, such as the list of running servers."""
    import platformdirs  # noqa: PLC0415 - importing the client loads no third-party module

    return platformdirs.user_state_path(_APPLICATION, appauthor=False)


def cache_dir() -> Path:
    """What can be made again, such as tokens from a sign-in."""
    import platformdirs  # noqa: PLC0415 - importing the client loads no third-party module

    return platformdirs.user_cache_path(_APPLICATION, appauthor=False)


def discovery_file() -> Path:
    """The list of this user's running servers."""
    return state_dir() / "servers.json"


def credentials_file() -> Path:
    """The cache of tokens and session ids."""
    return cache_dir() / "robocoders.json"


def leases_dir() -> Path:
    """The lock files that say which cached session is in use."""
    return cache_dir() / "leases"
