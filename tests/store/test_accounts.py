from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from robocoders.errors import StoreError
from robocoders.store import Store, TokenRow
from tests.store.scenes import Clock, looking_into, url_of


async def test_a_token_is_known_by_its_id(store: Store) -> None:
    """Promise: SECURITY: of a token its id is stored, never the token."""
    await store.add_token("ada", "Ada", "jti-1", 99)
    assert await store.token("jti-1") == TokenRow(jti="jti-1", user_id="ada", expires_at_us=99, revoked_at_us=None)
    assert await store.token("jti-2") is None


async def test_a_revoked_token_stays_revoked(store: Store, clock: Clock) -> None:
    """Promise: README, logout: signing out revokes the token, once."""
    await store.add_token("ada", "Ada", "jti-1", 99)
    await store.revoke_token("jti-1")
    revoked = await store.token("jti-1")
    assert revoked is not None
    assert revoked.revoked_at_us is not None
    clock.advance(60)
    await store.revoke_token("jti-1")
    await store.revoke_token("never seen")
    assert await store.token("jti-1") == revoked


async def test_a_user_keeps_the_newest_name(store: Store) -> None:
    """Promise: ours: who signs in under another name has that name from then on."""
    await store.add_token("ada", "Ada", "jti-1", 1)
    await store.add_token("ada", "Ada Lovelace", "jti-2", 2)
    await store.add_token("ada", "Ada Lovelace", "jti-3", 3)
    with looking_into(store.path) as connection:
        assert connection.exec_driver_sql('SELECT id, name FROM "user"').all() == [("ada", "Ada Lovelace")]


async def test_a_token_id_is_given_out_once(store: Store) -> None:
    """Promise: SECURITY: two tokens never share a row."""
    await store.add_token("ada", "Ada", "jti-1", 1)
    with pytest.raises(StoreError, match="SQLITE_CONSTRAINT"):
        await store.add_token("eve", "Eve", "jti-1", 1)


async def test_a_setting_is_made_by_whoever_asks_first(store: Store) -> None:
    """Promise: SECURITY: the signing key is made once, however many start at once."""
    numbers = itertools.count()
    values = await asyncio.gather(*(store.setting("signing_key", lambda: f"key-{next(numbers)}") for _ in range(50)))
    assert len(set(values)) == 1
    assert await store.setting("signing_key", lambda: "another") == values[0]
    assert await store.setting("other", lambda: "another") == "another"


async def test_a_setting_survives_a_restart(database: Path) -> None:
    """Promise: README, serve: the signing key survives a restart, so tokens stay good."""
    store = await Store.open(url_of(database))
    await store.setting("signing_key", lambda: "first")
    await store.close()
    store = await Store.open(url_of(database))
    assert await store.setting("signing_key", lambda: "second") == "first"
    await store.close()
