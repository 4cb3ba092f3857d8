"""OpenAI's dialects: their shapes, and how a turn's events are told in them. Pure, as all of `wire`.

Source of every shape here: OpenAI's published API reference, and what its own clients insist on.
"""
