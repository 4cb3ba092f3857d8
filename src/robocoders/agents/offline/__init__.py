"""The model `offline`: search plus what is spelled out, and it says so."""

from __future__ import annotations
