"""The agents: their names and instructions, their tools, the model that needs no language model.

Names and descriptions (`robocoders.agents.profiles`) and the types of a turn (`robocoders.agents.running`) load
without pydantic-ai; it is imported when the first turn runs or the first model is resolved.
"""

from __future__ import annotations

from robocoders.agents.profiles import DEFAULT_PROFILE, PROFILES, Profile

__all__ = ["DEFAULT_PROFILE", "PROFILES", "Profile"]
