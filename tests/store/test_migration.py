from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from robocoders.events import CallToolAction, RunAction, ToolResultObservation
from robocoders.store import KeyReusedError, ModelHistory, Place, ResponseRow, Store, Sums, Withdrawn
from robocoders.store.keys import KEY_LIFE_US
from tests.store.scenes import SECOND_US, Clock, end, looking_into, new_turn, saying, text_of, url_of, whole_log

_REVISION_0001 = Path(__file__).with_name("revision_0001.sql")
_REVISION_0003 = Path(__file__).with_name("revision_0003.sql")


@pytest.fixture
def old_database(database: Path) -> Path:
    """A database as the first revision left it: one turn ended, one running, one in a deleted session."""
    database.parent.mkdir()
    with sqlite3.connect(database) as connection:
        connection.executescript(_REVISION_0001.read_text(encoding="utf-8"))
    connection.close()
    return database


@pytest.fixture
def third_database(database: Path) -> Path:
    """A database as the third revision left it: one turn ended, one in the middle of a step, a deleted session."""
    database.parent.mkdir()
    with sqlite3.connect(database) as connection:
        connection.executescript(_REVISION_0003.read_text(encoding="utf-8"))
    connection.close()
    return database


async def test_a_turn_of_the_third_revision_goes_on_after_an_upgrade(third_database: Path) -> None:
    """Promise: README, upgrades: a turn that was open goes on where it was, and may ask its client from now on."""
    store = await Store.open(url_of(third_database))
    [turn] = await store.open_turns()
    assert (turn.state, turn.durable, turn.wishes) == ("running", True, None)
    begun = await store.begin_step(turn, 1, fingerprint="f", action=RunAction())
    assert (begun.state, begun.output) == ("unfinished", "half a l")
    assert await store.withdrawn("session-1") == []
    await store.withdraw_live_text(turn)
    assert await store.withdrawn("session-1") == [Withdrawn(4, 0, 8)]
    wait = await store.begin_wait(turn, 2, fingerprint="ask", questions=[CallToolAction()])
    whole, _ = await store.answer(turn, 2, {0: ToolResultObservation(content="Noon.")})
    assert (wait.asked[0].id, whole.complete) == (4, True)
    row = ResponseRow("resp_1", "ada", "session-1", turn.id, 2, {}, created_at_us=1)
    assert await store.add_response(row) == await store.last_response("session-1") == row
    assert (await store.begin_turn(new_turn(key="running"))).existing
    await store.close()


async def test_an_upgrade_from_the_third_revision_loses_nothing(third_database: Path) -> None:
    """Promise: README, upgrades: sessions, events, sums, keys and messages of an older version are kept."""
    store = await Store.open(url_of(third_database))
    assert [text_of(event) for event in await whole_log(store)] == ["Looking.", "In parser.py.", ""]
    assert await store.spent_by_session("session-1") == Sums(7, 100, 5_000_000)
    assert await store.model_history("session-1") == ModelHistory(b"[]", 1)
    [closed] = await store.closed_turns("session-1", before_number=9)
    assert closed.turn.wishes is None
    await store.delete_session("session-1")
    with looking_into(third_database) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    await store.close()


async def test_the_first_revision_is_migrated_with_all_that_it_has(old_database: Path) -> None:
    """Promise: README, upgrades: sessions, events, tokens and settings of an older version are kept."""
    with sqlite3.connect(old_database) as connection:
        before = connection.execute("SELECT id, body FROM event ORDER BY id").fetchall()
    connection.close()
    store = await Store.open(url_of(old_database))
    log = await whole_log(store)
    assert [(event.id, event.body) for event in log] == before
    assert [(text_of(event), event.closes_turn) for event in log] == [
        ("Looking.", False),
        ("In parser.py.", True),
        ("Looking again.", False),
    ]
    [summary] = await store.sessions("ada")
    assert (summary.session.id, summary.state, summary.turns) == ("session-1", "running", 2)
    deleted = await store.session("session-2")
    assert deleted is not None
    assert deleted.deleted_at_us is not None
    assert await store.token("jti-1") is not None
    assert await store.setting("signing_key", lambda: "another") == "not-a-key"
    with looking_into(old_database) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    await store.close()


async def test_turns_of_the_first_revision_cannot_go_on_and_can_be_ended(old_database: Path) -> None:
    """Promise: README, upgrades: turns that an older version left open end with an error; their sessions go on."""
    store = await Store.open(url_of(old_database))
    [left_open] = await store.open_turns()
    assert not left_open.durable
    assert (await end(store, left_open, "The server was upgraded.")).id == 4
    begun = (await store.begin_turn(new_turn())).turn
    assert (begun.durable, begun.number, begun.after_event_id) == (True, 3, 4)
    [stored] = await store.append(begun, [saying("new")], place=Place(0, 0))
    assert await store.append(begun, [saying("new")], place=Place(0, 0)) == [stored]
    await store.close()


async def test_keys_of_the_first_revision_are_still_known(old_database: Path) -> None:
    """Promise: README, upgrades: a prompt whose answer was lost before an upgrade is not run again after it."""
    store = await Store.open(url_of(old_database))
    for key, state in (("finished", "ended"), ("running", "running")):
        begun = await store.begin_turn(new_turn(key=key))
        assert (begun.existing, begun.turn.state, begun.turn.session_id) == (True, state, "session-1")
        with pytest.raises(KeyReusedError):
            await store.begin_turn(new_turn(key=key, body_hash="other"))
    await store.close()


async def test_keys_of_sessions_deleted_before_an_upgrade_are_forgotten_in_time(old_database: Path) -> None:
    """Promise: README, HTTP: a key is kept for 24 hours after its session, an upgrade in between or not."""
    clock = Clock()
    store = await Store.open(url_of(old_database), now_us=clock)
    for ahead_seconds, known in ((KEY_LIFE_US / SECOND_US - 60, True), (120, False)):
        clock.advance(ahead_seconds)
        await store.delete_session("never was")
        with looking_into(old_database) as connection:
            left = connection.exec_driver_sql("SELECT 1 FROM key WHERE key = 'deleted'").first()
        assert (left is not None) == known
    await store.close()


async def test_what_turns_used_before_an_upgrade_counts(old_database: Path) -> None:
    """Promise: README, budgets: ceilings count what a session and its user have used since they began."""
    with sqlite3.connect(old_database) as connection:
        usage = '{"requests": 2, "input_tokens": 90, "output_tokens": 10}'
        connection.execute("UPDATE turn SET usage = ? WHERE reason = 'finished'", (usage,))
    connection.close()
    store = await Store.open(url_of(old_database))
    assert await store.spent_by_session("session-1") == Sums(cost_micro_usd=7, tokens=100)
    assert await store.spent_by_user("ada") == Sums(cost_micro_usd=7, tokens=100)
    assert await store.model_history("session-1") is None
    session = await store.session("session-1")
    assert session is not None
    assert not session.network
    await store.close()
