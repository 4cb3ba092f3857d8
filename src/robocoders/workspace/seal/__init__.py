"""Sealed commands: what runs in a workspace reaches nothing else.

`Seal` is the place, `SealedBackend` (in `backend`, which loads the agents' library) the same for pydantic-ai.
"""

from __future__ import annotations

from robocoders.workspace.seal.enforcement import Enforcement, enforcement
from robocoders.workspace.seal.limits import EndedBy, Finished, Limits
from robocoders.workspace.seal.requests import OutsideError
from robocoders.workspace.seal.requirements import Unavailable, unavailable
from robocoders.workspace.seal.seal import Entry, Seal

__all__ = [
    "EndedBy",
    "Enforcement",
    "Entry",
    "Finished",
    "Limits",
    "OutsideError",
    "Seal",
    "Unavailable",
    "enforcement",
    "unavailable",
]
