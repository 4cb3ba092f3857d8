"""Names and numbers that both ends of the wire agree on."""

from __future__ import annotations

from typing import Final

__all__ = [
    "AGENT_NAMES",
    "CONTINUE_PROMPT",
    "DEFAULT_AGENT",
    "HOSTED_URL",
    "IDEMPOTENCY_ANNOUNCEMENT_HEADER",
    "IDEMPOTENCY_KEY_HEADER",
    "MAX_PROMPT_CHARACTERS",
    "PLAIN_LINE_LIMIT_BYTES",
    "PROTOCOL_HEADER",
    "PROTOCOL_VERSION",
    "REQUEST_ID_HEADER",
    "Reason",
]

HOSTED_URL: Final = "https://api.robocoders.ai"
"""The original, hosted service; it is dark."""

DEFAULT_AGENT: Final = "GeneralCodingAgent"
AGENT_NAMES: Final = (DEFAULT_AGENT, "RepoAgent", "FrontEndAgent")

CONTINUE_PROMPT: Final = "continue"
"""The prompt that goes on after an allowance was used up."""

MAX_PROMPT_CHARACTERS: Final = 1_000_000
PLAIN_LINE_LIMIT_BYTES: Final = 65_536
"""Longest line, line end included, of the plain stream: old clients break above 131,072 bytes (protocol fact)."""

PROTOCOL_HEADER: Final = "Robocoders-Protocol"
PROTOCOL_VERSION: Final = "1"
IDEMPOTENCY_ANNOUNCEMENT_HEADER: Final = "Robocoders-Idempotency"
"""`1` on every answer of a server that runs a prompt with one `Idempotency-Key` once, however often it arrives."""
IDEMPOTENCY_KEY_HEADER: Final = "Idempotency-Key"
REQUEST_ID_HEADER: Final = "x-request-id"


class Reason:
    """Why a turn ended: `args.extras.reason` of its last event."""

    FINISHED: Final = "finished"
    QUESTION: Final = "question"
    ITERATION_LIMIT: Final = "iteration_limit"
    BUDGET_LIMIT: Final = "budget_limit"
    EXHAUSTED: Final = "exhausted"
    NEEDS_MODEL: Final = "needs_model"
    CANCELLED: Final = "cancelled"
    ERROR: Final = "error"

    ALL: Final = (FINISHED, QUESTION, ITERATION_LIMIT, BUDGET_LIMIT, EXHAUSTED, NEEDS_MODEL, CANCELLED, ERROR)
    ALLOWANCES: Final = (ITERATION_LIMIT, BUDGET_LIMIT)
    """The reasons after which the prompt `continue` goes on; a ceiling (`exhausted`) is not among them."""
