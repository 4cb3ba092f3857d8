"""Attempts to get out of a seal, made on the user's own machine: what got out is seen by the host, not believed."""

from __future__ import annotations

from robocoders.workspace.attacks.attempt import Attempt, Finding, Result, Sign
from robocoders.workspace.attacks.catalogue import ATTEMPTS
from robocoders.workspace.attacks.running import run_attacks

__all__ = ["ATTEMPTS", "Attempt", "Finding", "Result", "Sign", "run_attacks"]
