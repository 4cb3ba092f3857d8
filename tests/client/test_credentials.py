from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robocoders.client.credentials import CredentialCache, Credentials
from robocoders.client.token_expiry import expires_at, is_expired

ROOT = Path(__file__).resolve().parents[2]
HERE, THERE = "http://127.0.0.1:8760", "https://there.example.org"


def _jwt(claims: object) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{encoded}.signature"


@pytest.fixture
def cache(tmp_path: Path) -> CredentialCache:
    return CredentialCache(tmp_path / "cache" / "robocoders.json", now=lambda: 1000.0)


def test_two_servers_never_share_a_token(cache: CredentialCache) -> None:
    """Promise: flat keys belong to the server named in `server`, others stand under `servers`."""
    cache.update(HERE, access_token="one", sid="s1")
    cache.update(THERE, access_token="two", idempotent=True)
    assert cache.get(HERE) == Credentials("one", "s1", idempotent=False)
    assert cache.get(THERE) == Credentials("two", None, idempotent=True)
    assert cache.get("http://elsewhere") == Credentials()
    assert cache.read() == {
        "server": HERE,
        "access_token": "one",
        "sid": "s1",
        "servers": {f"{THERE}:443": {"access_token": "two", "idempotent": True}},
    }


def test_the_file_is_private(cache: CredentialCache) -> None:
    """Promise: mode 0600 in a 0700 directory."""
    cache.update(HERE, access_token="one")
    assert cache.path.stat().st_mode & 0o777 == 0o600
    assert cache.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_of_an_older_client_belongs_to_its_own_server(tmp_path: Path) -> None:
    """Promise: flat keys without `server` belong to the cache's own server."""
    path = tmp_path / "robocoders.json"
    path.write_text('{"access_token": "old", "sid": "s"}')
    path.chmod(0o644)
    assert CredentialCache(path, own_server=THERE).get(THERE) == Credentials("old", "s")
    assert CredentialCache(path, own_server=THERE).get(HERE) == Credentials()
    assert CredentialCache(path).get(HERE) == Credentials()
    CredentialCache(path).update(HERE, access_token="new")
    assert CredentialCache(path, own_server=THERE).get(THERE).access_token == "old"
    assert CredentialCache(path).get(HERE).access_token == "new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_changed_leaves_the_rest(cache: CredentialCache) -> None:
    """Promise: an update merges; None removes."""
    cache.replace({"note": "mine"})
    cache.update(HERE, access_token="one", sid="s", idempotent=True)
    cache.update(HERE, sid=None)
    assert cache.get(HERE) == Credentials("one", None, idempotent=True)
    cache.update(HERE, access_token=None, idempotent=False)
    assert cache.read() == {"note": "mine", "server": HERE}
    cache.merge({"note": "yours", "more": 1})
    assert cache.read() == {"note": "yours", "more": 1, "server": HERE}
    cache.replace({"new": 1})
    assert cache.read() == {"new": 1}


def test_only_the_named_token_is_forgotten(cache: CredentialCache) -> None:
    """Promise: a loser of a race never wipes what the winner wrote."""
    for server in (HERE, THERE):
        cache.update(server, access_token="new", sid="s2")
        cache.forget_token(server, "old")
        cache.forget_session(server, "s1")
        assert cache.get(server) == Credentials("new", "s2")
        cache.forget_token(server, "new")
        cache.forget_session(server, "s2")
        assert cache.get(server) == Credentials()


def test_clearing_removes_the_file_and_never_raises(cache: CredentialCache, caplog: pytest.LogCaptureFixture) -> None:
    """Promise: clearing logs and never raises."""
    cache.clear()
    assert not cache.path.parent.exists()
    cache.update(HERE, access_token="one")
    cache.clear()
    assert not cache.path.exists()
    cache.clear()
    assert cache.read() == {}
    cache.path.mkdir()
    cache.clear()
    assert "cannot be removed" in caplog.text


@pytest.mark.parametrize(
    "token",
    ["", "with space", "line\nfeed", "ключ", _jwt({"exp": 1000}), _jwt({"exp": 999.5}), _jwt({"exp": -1})],
)
def test_a_useless_token_is_left_out(cache: CredentialCache, token: str) -> None:
    """Promise: an expired JWT is not sent; what cannot stand in a header neither."""
    cache.update(HERE, access_token=token, sid="s")
    assert cache.get(HERE) == Credentials(None, "s")


@pytest.mark.parametrize(
    ("token", "expiry"),
    [
        (_jwt({"exp": 1001}), 1001.0),
        (_jwt({"exp": 1e12}), 1e12),
        (_jwt({"exp": True}), None),
        (_jwt({"exp": "1"}), None),
        (_jwt({"exp": 10**400}), None),
        (_jwt({"exp": float("nan")}), None),
        (_jwt({}), None),
        (_jwt([]), None),
        ("opaque", None),
        ("a.b.c", None),
        ("a.!.c", None),
        (f"a.{base64.urlsafe_b64encode(b'{').decode()}.c", None),
    ],
)
def test_a_token_of_any_other_form_is_opaque(token: str, expiry: float | None) -> None:
    """Protocol fact: the token is opaque to every client; only a JWT's `exp` is looked at."""
    assert expires_at(token) == expiry
    assert not is_expired(token, 1000.0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["server", "servers", "access_token", "sid", "idempotent", f"{THERE}:443", HERE]),
                    inner,
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
        st.just(b"[" * 100_000),
        st.just(b'{"a":' * 3000 + b"1" + b"}" * 3000),
    )
)
def test_any_content_of_the_file_is_survived(tmp_path: Path, content: bytes) -> None:
    """Promise: a corrupt, empty, truncated or foreign cache never breaks a call."""
    path = tmp_path / "robocoders.json"
    path.write_bytes(content)
    path.chmod(0o600)
    cache = CredentialCache(path)
    for server in (HERE, THERE):
        found = cache.get(server)
        assert found.access_token is None or isinstance(found.access_token, str)
        assert found.sid is None or isinstance(found.sid, str)
    cache.update(THERE, access_token="token", sid="sid")
    assert (cache.get(THERE).access_token, cache.get(THERE).sid) == ("token", "sid")
    assert isinstance(json.loads(path.read_bytes()), dict)


def test_a_file_that_others_may_write_counts_as_empty(cache: CredentialCache) -> None:
    """Promise: a foreign cache never breaks a call, and its token is not used."""
    cache.update(HERE, access_token="planted")
    cache.path.chmod(0o666)
    assert cache.get(HERE) == Credentials()


@pytest.mark.parametrize("named", ["no address", "http://me:secret@host", 7])
def test_flat_keys_of_a_server_that_is_none_are_left_alone(cache: CredentialCache, named: object) -> None:
    """Promise: two servers never share a token."""
    cache.replace({"server": named, "access_token": "whose"})
    assert cache.get(HERE) == Credentials()
    cache.update(HERE, access_token="mine")
    assert cache.get(HERE).access_token == "mine"
    assert cache.read()["access_token"] == "whose"


def test_a_link_in_its_place_is_replaced(cache: CredentialCache, tmp_path: Path) -> None:
    """Promise: a foreign cache never breaks a call."""
    cache.update(HERE, access_token="one")
    target = cache.path.rename(tmp_path / "target")
    cache.path.symlink_to(target)
    assert cache.get(HERE) == Credentials()
    cache.update(HERE, access_token="two")
    assert json.loads(target.read_text())["access_token"] == "one"
    assert cache.get(HERE).access_token == "two"


def test_an_unwritable_place_means_working_without_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Promise: an unwritable place means working without a cache, with one warning and no token in it."""
    place = tmp_path / "occupied"
    place.write_text("no directory")
    first = CredentialCache(place / "robocoders.json")
    second = CredentialCache(place / "robocoders.json")
    first.update(HERE, access_token="a-token-of-mine", sid="s")
    second.update(THERE, access_token="another")
    assert second.get(HERE).access_token == "a-token-of-mine"
    assert first.get(THERE).access_token == "another"
    second.clear()
    assert first.get(HERE) == Credentials()
    messages = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert sum("for this process only" in message for message in messages) == 1
    assert "a-token-of-mine" not in caplog.text


def test_no_repr_shows_a_token() -> None:
    """Promise: SECURITY, never a token in a repr."""
    assert "secret" not in repr(Credentials("secret", "sid"))


_CHILD = """
import sys
from pathlib import Path
from robocoders.client.credentials import CredentialCache
cache = CredentialCache(Path(sys.argv[1]))
sys.stdin.read(1)
for turn in range(20):
    cache.update(f"http://host-{sys.argv[2]}", access_token=f"token-{sys.argv[2]}-{turn}")
    cache.get("http://host-0")
"""


def test_ten_processes_on_one_file_lose_nothing(tmp_path: Path) -> None:
    """Promise: cross-process lock with a re-read inside; the file is valid JSON at every instant."""
    path = tmp_path / "robocoders.json"
    children = [
        subprocess.Popen([sys.executable, "-c", _CHILD, str(path), str(number)], stdin=subprocess.PIPE, cwd=ROOT)
        for number in range(10)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"!")
        child.stdin.close()
    looked = 0
    while any(child.poll() is None for child in children):
        if path.exists():
            content: dict[str, Any] = json.loads(path.read_bytes())
            assert isinstance(content, dict)
            assert path.stat().st_mode & 0o777 == 0o600
            looked += 1
    assert [child.returncode for child in children] == [0] * 10
    assert looked > 0
    cache = CredentialCache(path)
    assert [cache.get(f"http://host-{number}").access_token for number in range(10)] == [
        f"token-{number}-19" for number in range(10)
    ]
