"""How well a language model repairs small repositories: cases, the agent at work on each, the check by hidden tests."""

from __future__ import annotations
