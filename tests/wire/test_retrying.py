"""When a request is sent again."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.wire.retrying import RESUMPTION, Failure, RetryPolicy, retry_after_seconds

NOW = 1_731_664_800.0


def delay(failure: Failure, *, repeatable: bool = True, attempt: int = 0, chance: float = 1.0) -> float | None:
    return RetryPolicy().delay_seconds(attempt, failure, repeatable=repeatable, now=NOW, chance=chance)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_passing_failures_are_tried_again(status: int) -> None:
    """Promise: the table of retries."""
    assert delay(Failure(sent=True, status=status)) == 0.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_final_answers_are_not_tried_again(status: int) -> None:
    """Promise: the table of retries."""
    assert delay(Failure(sent=True, status=status)) is None


def test_there_are_two_retries_that_wait_ever_longer() -> None:
    """Promise: two retries, half a second doubling to eight, full jitter."""
    failure = Failure(sent=True, status=500)
    patient = RetryPolicy(max_retries=9)

    assert [delay(failure, attempt=attempt) for attempt in range(3)] == [0.5, 1.0, None]
    assert patient.delay_seconds(8, failure, repeatable=True, now=NOW, chance=1) == 8.0
    assert delay(failure, chance=0.5) == 0.25


def test_no_answer_is_tried_again_where_that_is_harmless() -> None:
    """Promise: connection errors are retried."""
    assert delay(Failure(sent=True)) == 0.5
    assert delay(Failure(sent=False), repeatable=False) == 0.5


@pytest.mark.parametrize(
    "failure",
    [
        Failure(sent=True),
        Failure(sent=True, status=500),
        Failure(sent=True, status=408),
        Failure(sent=True, status=409),
        Failure(sent=True, status=503),
        Failure(sent=True, status=500, headers={"x-should-retry": "true"}),
        Failure(sent=True, status=429, headers={"x-should-retry": "false"}),
    ],
)
def test_a_prompt_that_may_have_arrived_is_not_sent_twice(failure: Failure) -> None:
    """Promise: no retry of a prompt on a server that has not announced idempotency."""
    assert delay(failure, repeatable=False) is None


@pytest.mark.parametrize(
    "failure",
    [
        Failure(sent=True, status=429),
        Failure(sent=True, status=503, headers={"retry-after": "1"}),
        Failure(sent=True, status=503, headers={"retry-after-ms": "10"}),
    ],
)
def test_a_prompt_that_was_not_taken_is_sent_again(failure: Failure) -> None:
    """Promise: 429, and 503 with Retry-After, show that nothing ran."""
    assert delay(failure, repeatable=False) is not None


def test_the_server_has_the_last_word() -> None:
    """Convention: `x-should-retry`."""
    assert delay(Failure(sent=True, status=409, headers={"x-should-retry": "false"})) is None
    assert delay(Failure(sent=True, status=400, headers={"x-should-retry": "True"})) == 0.5
    assert delay(Failure(sent=True, status=400, headers={"x-should-retry": "perhaps"})) is None


def test_a_wait_that_is_asked_for_is_kept_up_to_two_minutes() -> None:
    """RFC 9110, section 10.2.3; promise: up to 120 s."""
    assert delay(Failure(sent=True, status=429, headers={"retry-after": "120"}), chance=0) == 120
    assert delay(Failure(sent=True, status=429, headers={"retry-after": "121"})) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"retry-after": "Fri, 15 Nov 2024 10:00:10 -0000"}, 10.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_every_form_of_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    """RFC 9110, section 10.2.3, and the header in milliseconds that others use."""
    assert retry_after_seconds(headers, NOW) == seconds


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_breaks_the_rule(seconds: str, milliseconds: str) -> None:
    """Promise: bad input never raises."""
    asked = retry_after_seconds({"retry-after": seconds, "retry-after-ms": milliseconds}, NOW)

    assert asked is None or asked >= 0


def test_a_restart_within_half_a_minute_is_outwaited() -> None:
    """Promise: eight resumptions from a quarter of a second to eight; in all never less than half a minute."""
    refused = Failure(sent=False)
    waits = [
        [RESUMPTION.delay_seconds(attempt, refused, repeatable=True, now=0, chance=chance) for attempt in range(9)]
        for chance in (0.0, 1.0)
    ]

    assert waits[0] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, None]
    assert waits[1] == [0.3125, 0.625, 1.25, 2.5, 5.0, 10.0, 10.0, 10.0, None]
    assert RESUMPTION.delay_seconds(0, refused, repeatable=False, now=0, chance=1.0) == 0.3125
