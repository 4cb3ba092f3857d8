"""The three agents by name: what each is for, and where its instructions lie."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_PROFILE", "PROFILES", "Profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One agent.

    Args:
        name: The name on the wire (protocol fact: `agent` of `POST /chat`).
        description: One sentence for people.
        instructions_file: The Markdown file beside this module, in `prompts`, that a language model is given.
        maps_repository: Whether its sessions begin with a list of all files.
    """

    name: str
    description: str
    instructions_file: str
    maps_repository: bool = False

    def instructions(self) -> str:
        """What a language model is told: what all agents share, then this agent's own part."""
        prompts = files("robocoders.agents").joinpath("prompts")
        parts = (prompts.joinpath(name).read_text("utf-8") for name in ("shared.md", self.instructions_file))
        return "\n".join(parts)


DEFAULT_PROFILE = "GeneralCodingAgent"
"""The agent of a prompt that names none."""

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile(
                name="GeneralCodingAgent",
                description="Does any programming task in its workspace: reads, changes, runs and checks.",
                instructions_file="general.md",
            ),
            Profile(
                name="RepoAgent",
                description="Understands and changes an existing repository; it begins by mapping it.",
                instructions_file="repository.md",
                maps_repository=True,
            ),
            Profile(
                name="FrontEndAgent",
                description="Works on web front ends: React, Next.js and Tailwind CSS.",
                instructions_file="frontend.md",
            ),
        )
    }
)
"""Every agent by its name, the default one first."""
