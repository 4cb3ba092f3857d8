"""Search over a workspace: an incremental index, questions in plain words, places as answers."""

from __future__ import annotations
