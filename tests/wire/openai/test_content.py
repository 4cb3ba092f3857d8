from __future__ import annotations

import base64
from typing import Any

import pytest

from robocoders.wire.openai.content import Content, read_content
from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.wishes import Image

DATA = base64.b64encode(b"an image").decode()


def test_content_is_text_or_parts_or_nothing() -> None:
    """Fact: OpenAI's API reference, content of messages, in the words of both dialects."""
    assert read_content("hi", "c") == Content("hi")
    assert read_content(None, "c") == Content()
    parts = [
        {"type": "text", "text": "a"},
        {"type": "input_text", "text": "b"},
        {"type": "output_text", "text": ""},
        {"type": "refusal", "refusal": "no"},
        "c",
    ]
    assert read_content(parts, "c") == Content("a\nb\nno\nc")


def test_images_are_decoded_or_named() -> None:
    """Promise: docs/openai.md, messages (`data:` is decoded, other addresses are not fetched here)."""
    lines = f"{DATA[:4]}\n{DATA[4:]}"
    parts = [
        {"type": "image_url", "image_url": {"url": f"DATA:IMAGE/PNG;base64,{lines}"}},
        {"type": "image_url", "image_url": "http://a.example/x.png"},
        {"type": "input_image", "image_url": "https://a.example/x.png"},
    ]
    assert read_content(parts, "c").images == (
        Image(b"an image", "image/png"),
        Image(url="http://a.example/x.png"),
        Image(url="https://a.example/x.png"),
    )
    assert "example" not in repr(read_content(parts, "c"))


@pytest.mark.parametrize(
    ("value", "param"),
    [
        (7, "c"),
        ({"type": "text"}, "c"),
        ([7], "c[0].type"),
        ([{"type": "text"}], "c[0].text"),
        ([{"type": "refusal", "refusal": 7}], "c[0].refusal"),
        (["a", {"type": "file"}], "c[1].type"),
        ([{"type": ["text"], "text": "a"}], "c[0].type"),
        ([{"type": "image_url"}], "c[0].image_url"),
        ([{"type": "image_url", "image_url": {"url": 7}}], "c[0].image_url"),
        ([{"type": "image_url", "image_url": "ftp://x"}], "c[0].image_url"),
        ([{"type": "image_url", "image_url": "https://x/" + "a" * 9000}], "c[0].image_url"),
        ([{"type": "image_url", "image_url": "data:text/html;base64,AAAA"}], "c[0].image_url"),
        ([{"type": "image_url", "image_url": "data:image/png,abc"}], "c[0].image_url"),
        ([{"type": "image_url", "image_url": "data:image/png;base64,"}], "c[0].image_url"),
        ([{"type": "image_url", "image_url": "data:image/png;base64,A=A"}], "c[0].image_url"),
        ([{"type": "image_url", "image_url": "data:image/png;base64,é"}], "c[0].image_url"),
    ],
)
def test_what_is_no_content_is_named(value: Any, param: str) -> None:
    """Promise: docs/openai.md, errors (400 with `param`)."""
    with pytest.raises(ParameterError) as caught:
        read_content(value, "c")
    assert caught.value.param == param
