"""x"""

from __future__ import annotations


def login() -> None:
    """x."""
