from __future__ import annotations

from dataclasses import replace

from robocoders.store import Ledger, ModelHistory, Spending, Store, Sums
from tests.store.scenes import closing, end, looking_into, open_turn, session_row


async def test_what_a_turn_uses_up_is_on_record_while_it_does(store: Store) -> None:
    """Promise: README, budgets: sums are right whenever the server is killed."""
    turn = await open_turn(store)
    for count in (1, 2):
        spending = Spending({"input_tokens": 10 * count, "output_tokens": count}, 5 * count, 7 * count, Sums(5, 11))
        await store.record_spending(turn, spending)
    assert await store.spent_by_session("session-1") == Sums(10, 22, 14)
    [found] = await store.open_turns()
    assert (found.usage, found.cost_micro_usd, found.wall_us) == ({"input_tokens": 20, "output_tokens": 2}, 10, 14)


async def test_a_turn_that_ends_keeps_what_is_on_record(store: Store) -> None:
    """Promise: README, budgets: who ends a turn from outside does not hide what it used up."""
    turn = await open_turn(store)
    await store.record_spending(turn, Spending({"input_tokens": 10}, 5, 7))
    await store.end_turn(turn, closing(), reason="cancelled")
    await store.record_spending(turn, Spending({"input_tokens": 99}, 99, 99))
    ended = await store.turn(turn.id)
    assert ended is not None
    assert (ended.usage, ended.cost_micro_usd, ended.wall_us) == ({"input_tokens": 10}, 5, 7)


async def test_a_ledger_is_of_all_turns_but_one(store: Store) -> None:
    """Promise: README, budgets: ceilings are of a session and of a user, over all their turns and sessions."""
    first, elsewhere = await open_turn(store), await open_turn(store, "session-2")
    other = await open_turn(store, "session-3", owner="ben")
    for turn, cost in ((first, 1), (elsewhere, 10), (other, 100)):
        spending = Spending({"output_tokens": cost}, cost, cost, Sums(cost, cost))
        await store.end_turn(turn, closing(), reason="finished", spending=spending)
    second = await open_turn(store)
    await store.record_spending(second, Spending({}, 1000, 1000, Sums(1000, 1000)))
    assert await store.ledger(second, "ada") == Ledger(Sums(1, 1, 1), Sums(11, 11, 11), Sums(1, 1))
    assert await store.ledger(first, "ada") == Ledger(Sums(1000, 0, 1000), Sums(1010, 10, 1010), Sums(1000, 1000))
    await store.delete_session("session-2")
    assert await store.spent_by_user("ada") == Sums(1011, 11, 1011)
    assert await store.spent_by_user("nobody") == Sums()


async def test_earlier_usage_is_found_by_its_name(store: Store) -> None:
    """Promise: ours: what is said once in a session is said once."""
    first = await open_turn(store)
    await store.end_turn(first, closing(), reason="finished", spending=Spending({"unpriced_requests": 1}))
    second = await open_turn(store)
    assert await store.used_before(second, "unpriced_requests")
    assert not await store.used_before(second, "unpriced")
    assert not await store.used_before(first, "unpriced_requests")


async def test_messages_are_those_of_the_last_turn_that_left_some(store: Store) -> None:
    """Promise: README, sessions: the model's messages are kept with the turn's end, and go with the session."""
    for messages in (b"one", b"two", None):
        await store.end_turn(await open_turn(store), closing(), reason="finished", messages=messages)
    assert await store.model_history("session-1") == ModelHistory(b"two", after_turn=2)
    assert "two" not in repr(await store.model_history("session-1"))
    assert await store.model_history("session-2") is None
    await store.delete_session("session-1")
    with looking_into(store.path) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM history").scalar_one() == 0


async def test_limits_can_be_raised(store: Store) -> None:
    """Promise: README, budgets: only an explicit call lifts a ceiling; turns keep the limits they had."""
    before = await open_turn(store)
    await store.set_limits("session-1", {"ceiling_tokens": 9})
    found = await store.session("session-1")
    assert found is not None
    assert found.limits == {"ceiling_tokens": 9}
    await end(store, before)
    ended = await store.turn(before.id)
    assert ended is not None
    assert ended.limits == {"iterations": 3}


async def test_a_session_remembers_whether_it_may_use_the_network(store: Store) -> None:
    """Promise: README, workspaces: the network is off unless the session was made with it."""
    assert not (await store.get_or_create_session(session_row())).network
    await store.get_or_create_session(replace(session_row("session-2"), network=True))
    found = await store.session("session-2")
    assert found is not None
    assert found.network
