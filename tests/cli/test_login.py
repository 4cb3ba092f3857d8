from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

from robocoders.client import places
from tests.cli.commands import command
from tests.cli.scripts import scripted


def test_signing_in_and_out(tmp_path: Path) -> None:
    """Promise: docs/command.md, login and logout: the token is kept privately, shown nowhere, and revoked."""
    with scripted(tmp_path / "data") as (service, _):
        ended = command("login")
        assert (ended.code, ended.out, ended.err) == (0, "", f"Signed in to {service.url}.\n")
        cache = places.credentials_file()
        token = json.loads(cache.read_text(encoding="utf-8"))
        token = next(text for text in _texts(token) if text.count(".") == 2 and len(text) > 100)
        assert stat.S_IMODE(cache.stat().st_mode) == 0o600
        assert service.send("GET", "/sessions", token=token).status == 200
        out = command("logout")
        assert (out.code, out.out, out.err) == (0, "", f"Signed out of {service.url}.\n")
        assert service.send("GET", "/sessions", token=token).status == 401
        assert token not in cache.read_text(encoding="utf-8")
        assert command("logout").code == 0


def test_ones_own_token_is_printed_for_other_programs(tmp_path: Path) -> None:
    """Promise: docs/command.md, login --print: the token that is kept, or the one that was given; a valid one."""
    with scripted(tmp_path / "data") as (service, _):
        first = command("login", "--print")
        assert (first.code, first.err) == (0, "")
        token = first.out.strip()
        assert service.send("GET", "/v1/models", token=token).status == 200
        assert command("login", "--print").out.strip() == token
        given = service.token()
        assert command("login", "--print", variables={"ROBOCODERS_API_TOKEN": given}).out == f"{given}\n"
        # One that was revoked elsewhere is not handed on.
        assert service.send("DELETE", "/auth", token=token).status == 200
        renewed = command("login", "--print").out.strip()
        assert renewed != token
        assert service.send("GET", "/v1/models", token=renewed).status == 200


def test_a_token_for_somebody_else_is_printed(tmp_path: Path) -> None:
    """Promise: docs/command.md, login --sub: on the server's machine, by its own user."""
    with scripted(tmp_path / "data") as (service, _):
        minted = command("login", "--sub", "alice")
        assert (minted.code, minted.err) == (0, "")
        token = minted.out.strip()
        assert service.send("GET", "/sessions", token=token).json["sessions"] == []
        hers = {"ROBOCODERS_API_TOKEN": token}
        assert command("ask", "hello", variables=hers).code == 0
        assert len(service.send("GET", "/sessions", token=token).json["sessions"]) == 1
        assert service.send("GET", "/sessions", token=service.token()).json["sessions"] == []
        wrong = command("login", "--sub", "not a name")
        assert wrong.code == 2
        revoked = command("logout", variables=hers)
        assert revoked.code == 0
        assert "it still stands in environment ROBOCODERS_API_TOKEN" in revoked.err
        assert command("ask", "hello", variables=hers).code == 3


def test_a_token_that_the_server_keeps_is_not_said_to_be_revoked(tmp_path: Path) -> None:
    """Promise: docs/command.md, logout: a token of the server's own settings is removed there alone."""
    with scripted(tmp_path / "data", accept_tokens=("token-of-the-team",)) as (service, _):
        ended = command("logout", variables={"ROBOCODERS_API_TOKEN": "token-of-the-team"})
        assert service.send("GET", "/sessions", token="token-of-the-team").status == 200
    assert "revoked" not in ended.err
    assert "Signed out" not in ended.err
    assert "token-of-the-team" not in ended.err


def test_where_tokens_cannot_be_made_it_is_said(tmp_path: Path) -> None:
    """Promise: docs/command.md, login --sub: not for servers elsewhere, nor where everybody is one user."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    elsewhere = command("login", "--sub", "alice", "--base-url", address)
    assert elsewhere.code == 2
    assert "on this machine" in elsewhere.err
    with scripted(tmp_path / "data", auth="open"):
        everybody = command("login", "--sub", "alice")
        assert everybody.code == 2
        assert "--auth open" in everybody.err


def test_signing_out_of_nothing_is_no_error() -> None:
    """Promise: docs/command.md, logout: nothing is started for it."""
    ended = command("logout")
    assert (ended.code, ended.out) == (0, "")
    assert "nothing to sign out of" in ended.err


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    return [value] if isinstance(value, str) else []
