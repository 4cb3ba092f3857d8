"""One prompt and its continuations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.events import Event, MessageAction, MessageArgs, RecallAction
from robocoders.wire.protocol import Reason
from robocoders.wire.turns import BODY_ENDED, READ, Post, TurnEnd, converse


def waiting(reason: str | None) -> MessageAction:
    extras = {} if reason is None else {"reason": reason}
    return MessageAction(message="m", args=MessageArgs(content="m", wait_for_response=True, extras=extras))


def play(bodies: list[list[Event]], *, max_continues: int = 8, unmarked: int = 0) -> tuple[list[str], TurnEnd]:
    """Answer every prompt with the next body (the last one again and again); return the prompts and the end."""
    turn = converse("ask", max_continues=max_continues, unmarked_continues=unmarked)
    prompts: list[str] = []
    step = next(turn)
    try:
        while True:
            assert isinstance(step, Post)
            assert step.number == len(prompts)
            prompts.append(step.prompt)
            assert turn.send(None) is READ
            for event in bodies[min(len(prompts), len(bodies)) - 1]:
                assert turn.send(event) is READ
            step = turn.send(BODY_ENDED)
    except StopIteration as stop:
        return prompts, stop.value


@pytest.mark.parametrize("reason", sorted(set(Reason.ALL) - set(Reason.ALLOWANCES)))
def test_a_finished_turn_is_over(reason: str) -> None:
    """Promise: only allowances are continued; a ceiling, a question or an error never is."""
    prompts, end = play([[RecallAction(), waiting(reason)]], unmarked=1)

    assert prompts == ["ask"]
    assert (end.reason, end.continues) == (reason, 0)


@pytest.mark.parametrize("reason", Reason.ALLOWANCES)
def test_an_allowance_is_continued_until_the_work_is_done(reason: str) -> None:
    """Promise: automatic continuation, each with the prompt `continue`."""
    prompts, end = play([[waiting(reason)], [waiting(reason)], [waiting(Reason.FINISHED)]])

    assert prompts == ["ask", "continue", "continue"]
    assert (end.reason, end.continues) == (Reason.FINISHED, 2)


@given(st.integers(0, 9))
def test_continuation_is_bounded(max_continues: int) -> None:
    """Promise: at most `max_continues` times."""
    prompts, end = play([[waiting(Reason.BUDGET_LIMIT)]], max_continues=max_continues)

    assert len(prompts) == 1 + max_continues
    assert (end.reason, end.continues) == (Reason.BUDGET_LIMIT, max_continues)


def test_a_server_that_marks_nothing_is_continued_as_often_as_the_caller_says() -> None:
    """Promise: the provider continues once on the original, the typed client never."""
    assert play([[waiting(None)]], unmarked=1)[0] == ["ask", "continue"]
    assert play([[waiting(None)]])[0] == ["ask"]


def test_a_waiting_message_in_the_middle_does_not_end_the_turn() -> None:
    """Promise: the body is read to its end; its last event decides."""
    prompts, end = play([[waiting(Reason.ITERATION_LIMIT), RecallAction()]])

    assert prompts == ["ask"]
    assert end == TurnEnd(None, 0)
    assert end.reason is None


def test_extras_without_a_reason_mark_no_limit() -> None:
    """Promise: a wait message is no limit unless its extras say so."""
    message = MessageAction(args=MessageArgs(wait_for_response=True, extras={"cost": 1}))

    prompts, end = play([[message]], unmarked=1)

    assert prompts == ["ask"]
    assert end.closing is message
    assert "ask" not in repr(Post("ask", 0))
