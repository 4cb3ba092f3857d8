"""The content of one message: text, or a list of parts with texts and images, in the words of both dialects."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.wishes import Image

__all__ = ["Content", "read_content"]

_TEXT_PARTS: Final = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_IMAGE_PARTS: Final = ("image_url", "input_image")
_DATA_URL: Final = re.compile(r"data:(image/[a-z0-9.+-]{1,64});base64,", re.IGNORECASE)
_MOST_URL_CHARACTERS: Final = 8192
_SPACE: Final = str.maketrans("", "", " \t\r\n")


@dataclass(frozen=True, slots=True)
class Content:
    """What a message holds; its texts are joined by line ends."""

    text: str = field(default="", repr=False)
    images: tuple[Image, ...] = ()


def read_content(value: object, param: str) -> Content:
    """Read the content of a message; null is none.

    Args:
        value: What stands there.
        param: Where it stands.

    Raises:
        ParameterError: It is no content, or has parts that no agent can be given.
    """
    if value is None:
        return Content()
    if isinstance(value, str):
        return Content(value)
    if not isinstance(value, list):
        raise ParameterError(param, "The content is neither a text nor a list of parts.", "invalid_type")
    texts: list[str] = []
    images: list[Image] = []
    for place, part in enumerate(cast("list[Any]", value)):
        read = _read_part(part, f"{param}[{place}]")
        if isinstance(read, str):
            texts.append(read)
        else:
            images.append(read)
    return Content("\n".join(text for text in texts if text), tuple(images))


def _read_part(part: object, param: str) -> str | Image:
    if isinstance(part, str):
        return part
    fields: Mapping[str, Any] = cast("Mapping[str, Any]", part) if isinstance(part, Mapping) else {}
    kind = fields.get("type")
    if isinstance(kind, str) and kind in _TEXT_PARTS:
        text = fields.get(_TEXT_PARTS[kind])
        if isinstance(text, str):
            return text
        raise ParameterError(f"{param}.{_TEXT_PARTS[kind]}", "This part of the content has no text.", "invalid_type")
    if kind in _IMAGE_PARTS:
        url = fields.get("image_url")
        if isinstance(url, Mapping):
            url = cast("Mapping[str, Any]", url).get("url")
        return _read_image(url, f"{param}.image_url")
    raise ParameterError(f"{param}.type", "Parts of a content are texts and images; this is another.", "unsupported")


def _read_image(url: object, param: str) -> Image:
    """Read an image's address: `data:` is decoded here, the others are for the model to fetch, never for us."""
    if not isinstance(url, str):
        raise ParameterError(param, "An image needs its address, `https:` or `data:`.", "invalid_type")
    if url[:5].lower() == "data:":
        return _decoded(url, param)
    if not url.lower().startswith(("http://", "https://")) or len(url) > _MOST_URL_CHARACTERS:
        raise ParameterError(param, "The address of an image begins with `https:`, `http:` or `data:`.")
    return Image(url=url)


def _decoded(url: str, param: str) -> Image:
    found = _DATA_URL.match(url)
    if found is None:
        raise ParameterError(param, "An image in the request is written `data:image/TYPE;base64,DATA`.")
    try:
        data = base64.b64decode(url[found.end() :].translate(_SPACE).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError):
        data = b""
    if not data:
        raise ParameterError(param, "The image's data is no base64.")
    return Image(data=data, media_type=found[1].lower())
