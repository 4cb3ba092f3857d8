"""The exit codes of the command, decided by the final outcome and by nothing seen on the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from robocoders.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    MissingRequirementsError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    StreamError,
    ValidationError,
    WorkspaceError,
)
from robocoders.wire.protocol import Reason

__all__ = ["MEANINGS", "ExitCode", "code_for_error", "code_for_reason"]


class ExitCode(IntEnum):
    """What the command's number says. Names and numbers are a promise to scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    LIMIT_REACHED = 4
    UNREACHABLE = 5
    WAITING_FOR_HUMAN = 6
    NEEDS_MODEL = 7
    DEADLINE = 124
    INTERRUPTED = 130
    CLOSED_PIPE = 141


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.DONE: "Done.",
    ExitCode.FAILED: "Failed, or stopped by somebody else (standard error says why); `search`: no strong match.",
    ExitCode.USAGE: "Wrong use: a flag, an argument, a session that does not exist, a setting, a missing extra.",
    ExitCode.NOT_SIGNED_IN: "Not signed in, or not allowed to.",
    ExitCode.LIMIT_REACHED: "A limit was reached; the session can be taken up again.",
    ExitCode.UNREACHABLE: "No server answered, or the connection was lost for good.",
    ExitCode.WAITING_FOR_HUMAN: "The agent asks something; answer it in the same session.",
    ExitCode.NEEDS_MODEL: "The question needs a language model, and none is attached.",
    ExitCode.DEADLINE: "The time given with `--timeout` was over.",
    ExitCode.INTERRUPTED: "Stopped by Ctrl-C.",
    ExitCode.CLOSED_PIPE: "Whoever read standard output closed it, as `head` does.",
}
"""Every exit code and its meaning; the documentation's table is compared with it."""

_BY_REASON: Final[Mapping[str | None, ExitCode]] = {
    # A server that gives no reason is the original: its turns just end.
    None: ExitCode.DONE,
    Reason.FINISHED: ExitCode.DONE,
    Reason.QUESTION: ExitCode.WAITING_FOR_HUMAN,
    Reason.ITERATION_LIMIT: ExitCode.LIMIT_REACHED,
    Reason.BUDGET_LIMIT: ExitCode.LIMIT_REACHED,
    Reason.EXHAUSTED: ExitCode.LIMIT_REACHED,
    Reason.NEEDS_MODEL: ExitCode.NEEDS_MODEL,
    # Cancelled from elsewhere: the work is not done, yet nobody pressed Ctrl-C here.
    Reason.CANCELLED: ExitCode.FAILED,
    Reason.ERROR: ExitCode.FAILED,
}

_BY_ERROR: Final[tuple[tuple[type[BaseException], ExitCode], ...]] = (
    (AuthenticationError, ExitCode.NOT_SIGNED_IN),
    (PermissionDeniedError, ExitCode.NOT_SIGNED_IN),
    (RateLimitError, ExitCode.LIMIT_REACHED),
    (NotFoundError, ExitCode.USAGE),
    (ValidationError, ExitCode.USAGE),
    (ConfigurationError, ExitCode.USAGE),
    (MissingRequirementsError, ExitCode.USAGE),
    (WorkspaceError, ExitCode.USAGE),
    (APIConnectionError, ExitCode.UNREACHABLE),
    (StreamError, ExitCode.UNREACHABLE),
    (KeyboardInterrupt, ExitCode.INTERRUPTED),
    (BrokenPipeError, ExitCode.CLOSED_PIPE),
)


def code_for_reason(reason: str | None) -> ExitCode:
    """The exit code of a turn that ended with this reason; a reason this version does not know counts as failed."""
    return _BY_REASON.get(reason, ExitCode.FAILED)


def code_for_error(error: BaseException) -> ExitCode:
    """The exit code of a command that ended with this error."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), ExitCode.FAILED)
