from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robocoders.wire.protocol import Reason
from tests.babble.conversation import ITERATIONS, talk
from tests.babble.mouths import CALLING, CIRCLING, ENDLESS, RAMBLING, SILENT, STUMBLING, TRIPPING

pytestmark = pytest.mark.babble


def test_a_model_that_says_nothing_ends_the_turn_as_an_error(tmp_path: Path) -> None:
    """Promise: README, models: whatever comes back, a turn ends in words that say what to do."""
    for turn in talk(tmp_path, SILENT):
        assert (turn.reply.reason, turn.names) == (Reason.ERROR, ["message"])
        assert "use another model" in turn.reply.text
        assert turn.usage["requests"] == turn.usage["output_tokens"] > 1


def test_bytes_by_chance_are_an_answer_like_any_other(tmp_path: Path) -> None:
    """Promise: README, models: what a model says is passed on, text in no encoding included."""
    turns = talk(tmp_path, RAMBLING)
    answers = [turn.reply.text for turn in turns if turn.reply.reason == Reason.FINISHED]
    assert any("\ufffd" in answer and "\x00" in answer for answer in answers)
    assert not any("mend what is broken" in answer for answer in answers)


def test_an_answer_without_end_stops_where_the_models_memory_does(tmp_path: Path) -> None:
    """Promise: README, models: an answer that fills the model's window does not take the session with it."""
    turns = talk(tmp_path, replace(ENDLESS, context=14_000))
    assert all(turn.usage["output_tokens"] > 1000 for turn in turns[::2])


def test_an_answer_that_its_own_server_gives_up_is_an_error(tmp_path: Path) -> None:
    """Promise: README, models: an answer that fails on its way ends the turn in words, and nobody keeps half of it."""
    for turn in talk(tmp_path, TRIPPING, ["Please mend what is broken."], all_whole=False):
        assert (turn.reply.reason, turn.names) == (Reason.ERROR, ["message"])
        assert "it failed. Try again later" in turn.reply.text
        assert "<" not in turn.reply.text
        assert turn.usage["output_tokens"] == 0


def test_arguments_that_break_off_call_nothing(tmp_path: Path) -> None:
    """Promise: README, tools: a call whose arguments are no JSON is never made."""
    for turn in talk(tmp_path, STUMBLING):
        assert (turn.reply.reason, turn.names) == (Reason.ERROR, ["message"])
        assert turn.usage["tool_calls"] == 0
        assert turn.usage["requests"] > 1
        assert "longer than it may be" in turn.reply.text


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_calls_with_arguments_by_chance_are_answered_and_end(tmp_path: Path, seed: int) -> None:
    """Promise: README, tools: a call that makes no sense is told to the model, and the turn goes on to its end."""
    turns = talk(tmp_path, replace(CALLING, seed=seed), all_whole=False)
    assert sum(turn.usage["tool_calls"] for turn in turns) > len(turns)
    assert any("error" in turn.names for turn in turns)


def test_a_model_that_never_ends_its_turn_is_stopped_at_the_allowance(tmp_path: Path) -> None:
    """Promise: README, budgets: an allowance is kept exactly, and `continue` grants one more."""
    for turn in talk(tmp_path, CIRCLING, ["List it.", "continue", "List it again."]):
        assert turn.reply.reason == Reason.ITERATION_LIMIT
        assert turn.usage["requests"] == ITERATIONS
        assert turn.usage["tool_calls"] >= ITERATIONS
        assert "read" in turn.names


def test_a_server_with_too_little_memory_is_told_apart(tmp_path: Path) -> None:
    """Promise: README, models: a context overflow is a clear end of the turn."""
    for turn in talk(tmp_path, replace(RAMBLING, context=1024)):
        assert (turn.reply.reason, turn.names) == (Reason.ERROR, ["message"])
        assert "longer than the model can take" in turn.reply.text


def test_a_server_that_knows_no_tools_is_told_apart(tmp_path: Path) -> None:
    """Promise: README, models: a server that cannot do what is asked of it ends the turn as an error."""
    for turn in talk(tmp_path, replace(RAMBLING, tools=False), ["Please mend what is broken."]):
        assert (turn.reply.reason, turn.names) == (Reason.ERROR, ["message"])
        assert "(HTTP 500): it failed" in turn.reply.text
