from __future__ import annotations

import pytest

from robocoders import errors
from robocoders.cli.exit_codes import MEANINGS, ExitCode, code_for_error, code_for_reason
from robocoders.wire.protocol import Reason


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (None, 0),
        (Reason.FINISHED, 0),
        (Reason.QUESTION, 6),
        (Reason.ITERATION_LIMIT, 4),
        (Reason.BUDGET_LIMIT, 4),
        (Reason.EXHAUSTED, 4),
        (Reason.NEEDS_MODEL, 7),
        (Reason.CANCELLED, 1),
        (Reason.ERROR, 1),
        ("a reason of the future", 1),
    ],
)
def test_the_reason_a_turn_ended_for_decides_the_exit_code(reason: str | None, code: int) -> None:
    """Promise: docs/command.md, exit codes (decided by the final outcome)."""
    assert code_for_reason(reason) == code


def test_every_reason_of_the_protocol_has_a_code_of_its_own_choice() -> None:
    """Promise: docs/command.md, exit codes: only failures and what others cancelled count as failed."""
    assert {reason for reason in Reason.ALL if code_for_reason(reason) == 1} == {Reason.CANCELLED, Reason.ERROR}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.AuthenticationError("", status=401), 3),
        (errors.PermissionDeniedError("", status=403), 3),
        (errors.RateLimitError("", status=429), 4),
        (errors.ValidationError("", status=422), 2),
        (errors.ConfigurationError(""), 2),
        (errors.MissingRequirementsError(""), 2),
        (errors.WorkspaceError(""), 2),
        (errors.APIConnectionError(""), 5),
        (errors.APITimeoutError(""), 5),
        (errors.StreamError(""), 5),
        (errors.TruncatedLineError(""), 5),
        (errors.ServerError("", status=500), 1),
        (errors.NotFoundError("", status=404), 2),
        (errors.ConflictError("", status=409), 1),
        (errors.ProtocolError(""), 1),
        (errors.StoreError(""), 1),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
    ],
)
def test_an_error_decides_the_exit_code(error: BaseException, code: int) -> None:
    """Promise: docs/command.md, exit codes."""
    assert code_for_error(error) == code


def test_every_code_has_a_meaning() -> None:
    """Promise: docs/command.md, exit codes: the table is whole."""
    assert set(MEANINGS) == set(ExitCode)
