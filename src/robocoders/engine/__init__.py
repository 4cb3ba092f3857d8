"""Running turns: one at a time in a session, committed step by step, followed by any number of readers."""

from __future__ import annotations
