"""x"""

from __future__ import annotations


def logout() -> None:
    """x."""
