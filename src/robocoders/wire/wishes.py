"""What a prompt asks for beside its words: instructions, images, tools of the client's own. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

__all__ = ["AUTO", "NONE", "REQUIRED", "ClientTool", "Image", "Wishes", "decode_wishes", "encode_wishes"]

AUTO: Final = "auto"
NONE: Final = "none"
REQUIRED: Final = "required"


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A tool that the client runs itself.

    Attributes:
        name: Its name; it must be none of ours (`robocoders.agents.tool_names`).
        description: What the model is told of it.
        parameters: The JSON Schema of its arguments, an object's.
        strict: Whether the model's provider is to hold the arguments to the schema; None leaves that to the provider.
    """

    name: str
    description: str = field(default="", repr=False)
    parameters: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image that comes with a prompt: its bytes and their media type, or the address where it lies.

    Attributes:
        data: The image itself; None where there is an address.
        media_type: For instance `image/png`; None where it is not known.
        url: An `http` or `https` address. It is handed to the model as it is; this server fetches nothing.
    """

    data: bytes | None = field(default=None, repr=False)
    media_type: str | None = None
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a prompt asks for beside its words.

    Attributes:
        instructions: What the model is told beside the agent's own instructions; empty for nothing.
        images: What it is shown with the prompt.
        tools: What it may have run by the client.
        tool_choice: `auto`; `none`: the client's tools are not offered; `required`: the first answer is to call one of
            them; a tool's name: it is to call that one.
    """

    instructions: str = field(default="", repr=False)
    images: tuple[Image, ...] = ()
    tools: tuple[ClientTool, ...] = ()
    tool_choice: str = AUTO


def encode_wishes(wishes: Wishes) -> bytes:
    """Return wishes as JSON; images are base64 in it."""
    return msgspec.json.encode(wishes)


def decode_wishes(encoded: bytes | str) -> Wishes:
    """Return the wishes that `encode_wishes` has encoded.

    Raises:
        msgspec.DecodeError: They are none.
    """
    return msgspec.json.decode(encoded, type=Wishes)
