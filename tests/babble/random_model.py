"""A language model that never learnt anything: two small layers of random weights over single bytes."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.babble.gguf_file import Metadata, write_gguf

__all__ = ["BLANK", "END", "TOOL_CALL", "byte", "write_random_model"]

_WIDTH, _HEADS, _LAYERS, _INNER, _CONTEXT = 64, 2, 2, 128, 65_536

_STEADY = 8.0
_STEADY_AT_THE_END = 5.0
"""About what is left of it when the numbers have been brought to one scale."""

_UNKNOWN, _BEGIN, END = 0, 1, 2
"""The token that ends an answer is number 2, by a habit of this kind of tokenizer."""

TOOL_CALL = 259
"""The first token behind the bytes: it begins a call of a tool."""

BLANK = 261

_NORMAL, _UNKNOWN_KIND, _CONTROL, _USER_DEFINED, _BYTE = 1, 2, 3, 4, 6

_MARKS = ["<tool_call>", "</tool_call>"]
_SPACE = "\u2581"
"""How this kind of tokenizer writes a blank."""

_TEMPLATE = """\
{%- if tools %}{{ '[system]\\nTools:\\n' }}{% for tool in tools %}{{ tool | tojson }}{{ '\\n' }}{% endfor %}
{{- 'Call one by <tool_call>{"name": NAME, "arguments": OBJECT}</tool_call>\\n' }}{% endif %}
{%- for message in messages %}{{ '[' + message.role + ']\\n' }}
{%- if message.content %}{{ message.content }}{% endif %}
{%- for call in message.tool_calls or [] %}
{{- '<tool_call>{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{ '}</tool_call>' }}
{%- endfor %}{{ '</s>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '[assistant]\\n' }}{% endif %}"""


def byte(letter: str) -> int:
    """Return the token of a letter's only byte."""
    return 3 + letter.encode()[0]


def write_random_model(path: Path, seed: int, leanings: Mapping[int, float]) -> None:
    """Write a model as a GGUF file.

    Args:
        path: Where to.
        seed: The same seed makes the same weights.
        leanings: Tokens that the model says more often than others, or less often: what about is added to their
            logits, wherever it is in its text. All else is chance.
    """
    dice = random.Random(seed)

    def noise(*dimensions: int, spread: float | None = None) -> tuple[Sequence[int], array[float]]:
        width = 1 / math.sqrt(dimensions[0]) if spread is None else spread
        return dimensions, array("f", (dice.gauss(0, width) for _ in range(math.prod(dimensions))))

    def ones() -> tuple[Sequence[int], array[float]]:
        return (_WIDTH,), array("f", [1.0] * _WIDTH)

    def onward(*dimensions: int) -> tuple[Sequence[int], array[float]]:
        """Weights that leave the steady part of what is passed on as it is."""
        shape, numbers = noise(*dimensions)
        numbers[: dimensions[0]] = array("f", bytes(4 * dimensions[0]))
        return shape, numbers

    tokens = _tokens()
    tensors = {
        "token_embd.weight": noise(_WIDTH, len(tokens), spread=1.0),
        "output_norm.weight": ones(),
        "output.weight": noise(_WIDTH, len(tokens), spread=0.2),
    }
    for layer in range(_LAYERS):
        block = f"blk.{layer}."
        tensors |= {f"{block}{name}.weight": ones() for name in ("attn_norm", "ffn_norm")}
        tensors |= {f"{block}{name}.weight": noise(_WIDTH, _WIDTH) for name in ("attn_q", "attn_k", "attn_v")}
        tensors[f"{block}attn_output.weight"] = onward(_WIDTH, _WIDTH)
        tensors |= {f"{block}{name}.weight": noise(_WIDTH, _INNER) for name in ("ffn_gate", "ffn_up")}
        tensors[f"{block}ffn_down.weight"] = onward(_INNER, _WIDTH)
    for token in range(len(tokens)):
        # The first number of each vector is the same for all tokens and in all layers, so that it can carry leanings.
        tensors["token_embd.weight"][1][token * _WIDTH] = _STEADY
        tensors["output.weight"][1][token * _WIDTH] = leanings.get(token, 0.0) / _STEADY_AT_THE_END
    write_gguf(path, _metadata(tokens), tensors)


def _tokens() -> list[tuple[str, int]]:
    """Each token and what kind it is."""
    return [
        ("<unk>", _UNKNOWN_KIND),
        ("<s>", _CONTROL),
        ("</s>", _CONTROL),
        *((f"<0x{byte:02X}>", _BYTE) for byte in range(256)),
        *((mark, _USER_DEFINED) for mark in _MARKS),
        (_SPACE, _NORMAL),
    ]


def _metadata(tokens: Sequence[tuple[str, int]]) -> dict[str, Metadata]:
    return {
        "general.architecture": "llama",
        "general.name": "babble",
        "llama.vocab_size": len(tokens),
        "llama.context_length": _CONTEXT,
        "llama.embedding_length": _WIDTH,
        "llama.block_count": _LAYERS,
        "llama.feed_forward_length": _INNER,
        "llama.rope.dimension_count": _WIDTH // _HEADS,
        "llama.attention.head_count": _HEADS,
        "llama.attention.head_count_kv": _HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [token for token, _ in tokens],
        "tokenizer.ggml.scores": [0.0 for _ in tokens],
        "tokenizer.ggml.token_type": [kind for _, kind in tokens],
        "tokenizer.ggml.unknown_token_id": _UNKNOWN,
        "tokenizer.ggml.bos_token_id": _BEGIN,
        "tokenizer.ggml.eos_token_id": END,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": _TEMPLATE,
    }
