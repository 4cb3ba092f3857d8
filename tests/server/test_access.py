from __future__ import annotations

import asyncio
import base64
import re
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
import pytest

from robocoders.server.access import TOKEN_LIFE_SECONDS, Access
from robocoders.server.failures import ApiError
from robocoders.server.settings import Settings
from robocoders.store import Store
from tests.support.service import RunningService, basic, running_service

PROTECTED = [
    ("GET", "/create-session"),
    ("POST", "/chat"),
    ("POST", "/get-session-code"),
    ("GET", "/sessions"),
    ("POST", "/sessions"),
    ("GET", "/sessions/x"),
    ("DELETE", "/sessions/x"),
    ("GET", "/sessions/x/events"),
    ("POST", "/sessions/x/cancel"),
    ("DELETE", "/auth"),
]


def signing_key(service: RunningService) -> str:
    async def read() -> str:
        store = await Store.open(service.settings.database)
        try:
            return await store.setting("signing_key", lambda: "unused")
        finally:
            await store.close()

    return asyncio.run(read())


def forged(key: str, algorithm: str = "HS256", changes: dict[str, Any] | None = None) -> str:
    claims: dict[str, Any] = {"sub": str(uuid.uuid4()), "exp": int(time.time()) + 1000, "jti": str(uuid.uuid4())}
    given = {name: value for name, value in {**claims, **(changes or {})}.items() if value is not None}
    return jwt.encode(given, key, algorithm=algorithm)


def test_the_page_shows_the_token_as_old_clients_read_it(open_service: RunningService) -> None:
    """Protocol fact: `id="token">` stands directly before the token, `</pre>` after it."""
    page = open_service.send("GET", "/auth", headers={"User-Agent": "Mozilla/5.0"})
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    found = re.search(rb'<pre [^>]*id="token">([A-Za-z0-9._-]+)</pre>', page.body)
    assert found is not None
    claims = jwt.decode(found[1], options={"verify_signature": False})
    assert jwt.get_unverified_header(found[1])["alg"] == "HS256"
    assert abs(claims["exp"] - time.time() - TOKEN_LIFE_SECONDS) < 60
    assert str(uuid.UUID(claims["sub"])) == claims["sub"]
    assert uuid.UUID(claims["jti"])
    assert open_service.send("GET", "/create-session", token=found[1].decode()).status == 200


def test_the_token_page_is_kept_by_nobody(open_service: RunningService) -> None:
    """Promise: SECURITY, token page (not cached, not framed, no scripts, no referrer)."""
    headers = open_service.send("GET", "/auth").headers
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


def test_local_mode_wants_the_sign_in_key(service: RunningService) -> None:
    """Promise: README, access modes (HTTP Basic, any user name, the key as password)."""
    key = service.sign_in_key
    assert len(key) >= 43
    for headers in (
        {},
        basic("wrong"),
        basic(key + "x"),
        basic(key[:-1]),
        basic(""),
        {"Authorization": f"Bearer {key}"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(key.encode()).decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
    ):
        answer = service.send("GET", "/auth", headers=headers)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.json["code"] == "sign_in_required"
    for user in ("", "robocoders", "müller"):
        assert service.send("GET", "/auth", headers=basic(key, user)).status == 200


def test_everybody_is_one_user_in_open_mode(open_service: RunningService) -> None:
    """Promise: README, access modes (open signs everybody in as one fixed user; names need local mode)."""
    first, second = open_service.token(), open_service.token()
    assert first != second
    sid = open_service.session(first)
    assert open_service.send("GET", f"/sessions/{sid}", token=second).status == 200
    refused = open_service.send("GET", "/auth?sub=anna")
    assert (refused.status, refused.json["code"]) == (403, "one_user_only")


def test_a_token_for_a_further_user_is_another_user(service: RunningService, token: str) -> None:
    """Promise: README, access modes (the machine's owner can mint tokens for others)."""
    anna, again, owner = (
        service.token("/auth?sub=anna"),
        service.token("/auth?sub=anna"),
        service.token("/auth?sub=owner"),
    )
    sid = service.session(anna)
    assert service.send("GET", f"/sessions/{sid}", token=again).status == 200
    for other in (token, owner):
        assert service.send("GET", f"/sessions/{sid}", token=other).status == 404
    bad = service.send("GET", "/auth?sub=%20", headers=basic(service.sign_in_key))
    assert (bad.status, bad.json["detail"][0]["loc"]) == (422, ["query", "sub"])


def test_every_route_needs_a_valid_token(service: RunningService) -> None:
    """Protocol fact: old clients clear their cache on 401 alone, so a missing header is 401 too, before all else."""
    for given in (None, "", "Bearer", "Bearer None", "Bearer null", "Basic abc", "Token x", "Bearer a.b.c", "Bearer é"):
        headers = {} if given is None else {"Authorization": given}
        for method, path in PROTECTED:
            answer = service.send(method, path, body=b"\xff not json", headers=headers)
            assert answer.status == 401, (method, path, given)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json["code"] in {"token_missing", "token_invalid"}


def test_forged_tokens_are_refused(service: RunningService, token: str) -> None:
    """Promise: SECURITY, tokens (other key, other algorithm, none, missing or odd claims, no row)."""
    key = signing_key(service)
    real = jwt.decode(token, key, algorithms=["HS256"])
    unsigned = jwt.encode(real, "", algorithm="none")
    for bad in (
        forged("another key of the right length, 32 bytes", changes=real),
        unsigned,
        unsigned + "x",
        forged(key * 2, "HS512", real),
        forged(key),
        forged(key, changes={**real, "sub": str(uuid.uuid4())}),
        forged(key, changes={**real, "jti": None}),
        forged(key, changes={**real, "exp": None}),
        forged(key, changes={**real, "sub": None}),
        forged(key, changes={**real, "exp": int(time.time()) - 1}),
        token[:-2],
        token + "A",
        token.replace(".", "..", 1),
    ):
        answer = service.send("GET", "/create-session", token=bad)
        assert answer.status == 401, bad
        assert bad not in answer.body.decode()
    assert service.send("GET", "/create-session", token=token).status == 200


def test_signing_out_revokes_the_token_alone(service: RunningService, token: str) -> None:
    """Promise: README, logout (the token is worth nothing from then on; others stay)."""
    other = service.token()
    assert service.send("DELETE", "/auth", token=token).json == {"revoked": True}
    answer = service.send("GET", "/sessions", token=token)
    assert (answer.status, answer.json["code"]) == (401, "token_revoked")
    assert service.send("GET", "/sessions", token=other).status == 200


def test_static_tokens_are_users_of_their_own(tmp_path: Path) -> None:
    """Protocol fact: some clients send a configured token; each is a user apart and cannot be revoked."""
    with running_service(tmp_path / "data", accept_tokens=("first-static-token", "second-static-token")) as service:
        sid = service.session("first-static-token")
        assert service.send("GET", f"/sessions/{sid}", token="first-static-token").status == 200
        assert service.send("GET", f"/sessions/{sid}", token="second-static-token").status == 404
        assert service.send("GET", f"/sessions/{sid}", token=service.token()).status == 404
        assert service.send("GET", "/sessions", token="third-static-token").status == 401
        answer = service.send("DELETE", "/auth", token="first-static-token")
        assert (answer.status, answer.json["code"]) == (403, "token_is_static")


def test_tokens_survive_a_restart_and_sign_in_keys_do_not(tmp_path: Path) -> None:
    """Promise: README, access modes (the signing key lies in the store; the sign-in key is new at each start)."""
    with running_service(tmp_path / "data") as service:
        token, key = service.token(), service.sign_in_key
        sid = service.session(token)
    with running_service(tmp_path / "data") as service:
        assert service.sign_in_key != key
        assert service.send("GET", f"/sessions/{sid}", token=token).status == 200


async def test_a_token_expires_after_its_year(tmp_path: Path) -> None:
    """Protocol fact: tokens live for about a year."""
    now = [1_700_000_000_000_000]
    store = await Store.open(f"sqlite:///{tmp_path}/x.db", now_us=lambda: now[0])
    try:
        access = await Access.open(store, Settings(data_dir=tmp_path), sign_in_key="k", now_us=lambda: now[0])
        token = await access.mint()
        now[0] += (TOKEN_LIFE_SECONDS - 1) * 1_000_000
        assert (await access.identify(f"bearer  {token} ")).is_owner
        now[0] += 1_000_000
        with pytest.raises(ApiError) as caught:
            await access.identify(f"Bearer {token}")
        assert (caught.value.status, caught.value.code) == (401, "token_expired")
    finally:
        await store.close()
