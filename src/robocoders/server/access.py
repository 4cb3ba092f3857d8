"""Who is calling: tokens, the sign-in key, static bearers.

Tokens are JWT (HS256) with `sub`, `exp` and `jti`, as the original's were but for `jti` (protocol fact). Each has a row
in the store, so that it can be revoked; a token without its row is worth nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from robocoders.server.failures import ApiError, unauthorized
from robocoders.server.settings import Settings
from robocoders.store import Store, system_clock_us

__all__ = ["TOKEN_LIFE_SECONDS", "Access", "Caller", "new_sign_in_key"]

TOKEN_LIFE_SECONDS = 365 * 24 * 60 * 60
"""About a year, as the original's (protocol fact)."""

_NAMES = uuid.UUID("6a2f0c52-6d2f-4b5c-9f55-5f7c0c8f2f0e")
"""The space in which names become user ids; changing it would lose everybody's sessions."""

_USER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request comes from.

    Args:
        user_id: The `sub` of the token; sessions belong to it.
        token_id: The `jti` of the token; None for a static bearer.
        is_owner: Whether it is the person who runs this server.
    """

    user_id: str
    token_id: str | None
    is_owner: bool


def new_sign_in_key() -> str:
    """A fresh sign-in key; a server makes one at each start."""
    return secrets.token_urlsafe(32)


class Access:
    """Signs in, identifies and signs out.

    Args:
        store: Where the tokens' rows are.
        settings: The mode and the static bearers.
        signing_key: What signs the tokens.
        sign_in_key: What `/auth` wants to see in `local` mode.
        now_us: The clock, UTC microseconds.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        signing_key: str,
        sign_in_key: str,
        now_us: Callable[[], int] = system_clock_us,
    ) -> None:
        self._store = store
        self._auth = settings.auth
        self._static = [
            (_digest(token), _user_id(f"static:{_digest(token).hex()}")) for token in settings.accept_tokens
        ]
        self._signing_key = signing_key
        self._sign_in_key = sign_in_key
        self._now_us = now_us

    @classmethod
    async def open(
        cls, store: Store, settings: Settings, *, sign_in_key: str, now_us: Callable[[], int] = system_clock_us
    ) -> Access:
        """Read or make the signing key, which lies in the store and survives a restart.

        Raises:
            StoreError: The store cannot be read or written.
        """
        signing_key = await store.setting("signing_key", lambda: secrets.token_hex(32))
        return cls(store, settings, signing_key=signing_key, sign_in_key=sign_in_key, now_us=now_us)

    def may_sign_in(self, authorization: str | None) -> bool:
        """Whether `/auth` shows a token: in `open` mode to anyone, else to the sign-in key as HTTP Basic password."""
        if self._auth == "open":
            return True
        password = _basic_password(authorization)
        return password is not None and hmac.compare_digest(_digest(password), _digest(self._sign_in_key))

    async def mint(self, name: str | None = None) -> str:
        """A new token for the mode's own user, or in `local` mode for a further one of that name.

        Raises:
            ApiError: 403 for a name in `open` mode, 422 for one that cannot be a name.
            StoreError: The store cannot be written.
        """
        if name is not None and self._auth == "open":
            raise ApiError(403, "one_user_only", "In open mode everybody is one user; names need --auth local.")
        if name is not None and not _USER_NAME.fullmatch(name):
            text = "A name has 1 to 64 letters, digits and ._@+- and begins with a letter or digit."
            raise ApiError(422, "invalid_request", [{"loc": ["query", "sub"], "msg": text, "type": "user_name"}])
        label = f"user:{name}" if name is not None else _MODE_LABELS[self._auth]
        expires_at = self._now_us() // 1_000_000 + TOKEN_LIFE_SECONDS
        user_id, token_id = _user_id(label), str(uuid.uuid4())
        await self._store.add_token(user_id, label, token_id, expires_at * 1_000_000)
        import jwt  # noqa: PLC0415 - not needed to answer the first request

        return jwt.encode({"sub": user_id, "exp": expires_at, "jti": token_id}, self._signing_key, algorithm="HS256")

    async def identify(self, authorization: str | None) -> Caller:
        """Whom a request comes from.

        Raises:
            ApiError: 401, no token or one that is invalid, expired or revoked.
            StoreError: The store cannot be read.
        """
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("token_missing", "This route needs the header Authorization: Bearer TOKEN (see /auth).")
        digest = _digest(token)
        # Every static bearer is compared, so that the time tells nothing of which one was near.
        matches = [user_id for known, user_id in self._static if hmac.compare_digest(known, digest)]
        return Caller(matches[0], None, is_owner=False) if matches else await self._identify_signed(token)

    async def sign_out(self, caller: Caller) -> None:
        """Revoke the caller's token.

        Raises:
            ApiError: 403, the token is a static one.
            StoreError: The store cannot be written.
        """
        if caller.token_id is None:
            text = "This token stands in the server's own settings (--accept-token); only there can it be removed."
            raise ApiError(403, "token_is_static", text)
        await self._store.revoke_token(caller.token_id)

    async def _identify_signed(self, token: str) -> Caller:
        user_id, token_id, expires_at = self._claims(token)
        row = await self._store.token(token_id)
        if row is None or row.user_id != user_id or row.revoked_at_us is not None:
            raise unauthorized("token_revoked", "This token has been revoked. Sign in again (see /auth).")
        if min(expires_at * 1_000_000, row.expires_at_us) <= self._now_us():
            raise unauthorized("token_expired", "This token has expired. Sign in again (see /auth).")
        return Caller(user_id, token_id, is_owner=user_id == _user_id(_MODE_LABELS["local"]))

    def _claims(self, token: str) -> tuple[str, str, int]:
        import jwt  # noqa: PLC0415 - not needed to answer the first request

        # The time is checked against the server's own clock, together with the row's.
        options: Any = {"require": ["sub", "exp", "jti"], "verify_exp": False}
        try:
            claims = jwt.decode(token, self._signing_key, algorithms=["HS256"], options=options)
        except (jwt.InvalidTokenError, UnicodeError, RecursionError):
            claims = {}
        values = claims.get("sub"), claims.get("jti"), claims.get("exp")
        if not (isinstance(values[0], str) and isinstance(values[1], str) and isinstance(values[2], int)):
            raise unauthorized("token_invalid", "This token is not one of this server. Sign in again (see /auth).")
        return values[0], values[1], values[2]


_MODE_LABELS = {"local": "owner", "open": "open"}


def _user_id(label: str) -> str:
    return str(uuid.uuid5(_NAMES, label))


def _digest(secret: str) -> bytes:
    """Fixed-length stand-in for a secret, so that a comparison does not even tell lengths."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _basic_password(authorization: str | None) -> str | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(encoded.strip().encode("ascii"), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeError):
        return None
    _, colon, password = pair.partition(":")
    return password if colon else None
