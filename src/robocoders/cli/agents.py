"""`robocoders agents`: who can be asked."""

from __future__ import annotations

from robocoders.agents.profiles import PROFILES

__all__ = ["agents"]


def agents() -> None:
    """List the agents; the first is asked when none is named."""
    width = max(len(name) for name in PROFILES)
    for name, profile in PROFILES.items():
        print(f"{name:<{width}}  {profile.description}")  # noqa: T201 - data for standard output
