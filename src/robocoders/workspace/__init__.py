"""A directory tree that an agent may look at, and nothing outside of it."""

from __future__ import annotations
