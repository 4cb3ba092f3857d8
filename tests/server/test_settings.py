from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robocoders.agents.budget import Ceilings
from robocoders.errors import ConfigurationError
from robocoders.server.settings import Settings
from robocoders.workspace.seal import Limits


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"host": ""}, "--host"),
        ({"port": -1}, "--port"),
        ({"port": 65_536}, "--port"),
        ({"auth": "none"}, "--auth"),
        ({"auth": "open", "host": "192.168.1.5"}, "--auth open"),
        ({"auth": "open", "host": "0.0.0.0"}, "--auth open"),
        ({"auth": "open", "host": "somewhere.example"}, "--auth open"),
        ({"tls_cert": Path("cert.pem")}, "--tls-key"),
        ({"tls_key": Path("key.pem")}, "--tls-cert"),
        ({"allow_hosts": ("a b",)}, "--allow-host"),
        ({"allow_hosts": ("*.example",)}, "--allow-host"),
        ({"allow_hosts": ("http://a",)}, "--allow-host"),
        ({"accept_tokens": ("None",)}, "--accept-token"),
        ({"accept_tokens": ("white space inside",)}, "--accept-token"),
        ({"idle_exit_minutes": 0}, "--idle-exit"),
        ({"sandbox": "chroot"}, "--sandbox"),
        ({"sandbox": "none", "host": "192.168.1.5"}, "--sandbox none"),
        ({"sandbox": "none", "host": "0.0.0.0"}, "--sandbox none"),
        ({"command_limits": Limits(memory_bytes=0)}, "memory_bytes"),
        ({"heartbeat_seconds": 60.0}, "heartbeat"),
        ({"heartbeat_seconds": -1.0}, "heartbeat"),
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, Any], said: str) -> None:
    """Promise: README, serve (what cannot be used is refused with the flag's name; open is for loopback alone)."""
    with pytest.raises(ConfigurationError, match=said):
        Settings(**values)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST"])
def test_open_mode_is_for_loopback_addresses(host: str) -> None:
    """Promise: README, access modes."""
    assert Settings(auth="open", host=host).auth == "open"


def test_a_refused_token_is_not_repeated() -> None:
    """Promise: SECURITY, no token in an error or a repr."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(accept_tokens=("geheim geheim",))
    assert "geheim" not in str(caught.value)
    assert "sesame-sesame" not in repr(
        Settings(accept_tokens=("sesame-sesame",), database_url="sqlite:///sesame-sesame")
    )


def test_flags_tell_servers_apart_without_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Promise: a server with other flags or keys is restarted; SECURITY, no secret in the list of servers."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sesame")
    settings = Settings(
        data_dir=tmp_path,
        accept_tokens=("sesame-sesame",),
        database_url="sqlite:///sesame.db",
        allow_hosts=("a.example",),
        one_event_per_turn=True,
        tls_cert=Path("cert.pem"),
        tls_key=Path("key.pem"),
    )
    plain = Settings(data_dir=tmp_path)
    assert not any("sesame" in flag for flag in settings.flags)
    assert {"auth=local", "model=offline", "allow-host=a.example", "one-event-per-turn"} <= set(settings.flags)
    assert settings.flags != plain.flags
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    assert plain.flags != Settings(data_dir=tmp_path, model="other").flags
    before = plain.flags
    monkeypatch.delenv("OPENAI_API_KEY")
    assert plain.flags != before


def test_flags_tell_servers_apart_by_what_agents_may_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Promise: docs/command.md, the server in the background (one that was started with other settings is replaced)."""
    plain = Settings(data_dir=tmp_path)
    others = [
        Settings(data_dir=tmp_path, sandbox="none"),
        Settings(data_dir=tmp_path, network=True),
        Settings(data_dir=tmp_path, command_limits=Limits(processes=7)),
        Settings(data_dir=tmp_path, user_ceilings=Ceilings(tokens=7)),
        Settings(data_dir=tmp_path, model_url="http://127.0.0.1:8000/sesame"),
    ]
    assert len({settings.flags for settings in (plain, *others)}) == len(others) + 1
    assert not any("sesame" in flag for flag in others[-1].flags)
    before = plain.flags
    monkeypatch.setenv("OPENAI_API_KEY_FILE", "/run/secrets/key")
    assert plain.flags != before


def test_the_database_lies_in_the_data_directory_unless_named(tmp_path: Path) -> None:
    """Promise: README, where things lie."""
    assert Settings(data_dir=tmp_path).database == f"sqlite:///{tmp_path}/robocoders.db"
    assert Settings(data_dir=tmp_path, database_url="sqlite:///x.db").database == "sqlite:///x.db"


def test_the_data_directory_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Promise: README, environment."""
    monkeypatch.setenv("ROBOCODERS_DATA_DIR", str(tmp_path / "there"))
    assert Settings().data_dir == tmp_path / "there"
