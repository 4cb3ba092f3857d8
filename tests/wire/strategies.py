"""Events, and bytes cut into chunks, for property tests."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from robocoders.events import (
    Event,
    MessageAction,
    MessageArgs,
    PathExtras,
    ReadAction,
    ReadArgs,
    ReadObservation,
    RecallExtras,
    RecallObservation,
    RunAction,
    RunArgs,
    UnknownEvent,
)

texts = st.text(max_size=40) | st.sampled_from(["a\u2028b", "c\u0085d", "e\rf", "line\nline", '"{}[]\\', "😀", ""])
"""Texts that split a careless reader: separators that are no line ends, quotes, brackets, pairs of surrogates."""

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)

_envelope = {
    "id": st.none() | st.integers(1, 2**63 - 1),
    "timestamp": st.none() | st.just("2024-11-15T10:00:00.123456"),
    "message": st.none() | texts,
    "sid": st.none() | st.just("0b2c6f0e-6f9f-4b3c-8a55-3a3f5f0d7f11"),
}

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        MessageAction,
        **_envelope,
        args=st.builds(
            MessageArgs,
            content=texts,
            wait_for_response=st.booleans(),
            extras=st.dictionaries(texts, json_values, max_size=2),
        ),
    ),
    st.builds(RunAction, **_envelope, args=st.builds(RunArgs, command=texts)),
    st.builds(ReadAction, **_envelope, args=st.builds(ReadArgs, path=texts, start=st.integers(0, 9))),
    st.builds(
        ReadObservation,
        **_envelope,
        content=texts,
        cause=st.none() | st.integers(1, 99),
        extras=st.builds(PathExtras, path=texts),
    ),
    st.builds(
        RecallObservation, **_envelope, content=texts, extras=st.builds(RecallExtras, memories=st.lists(json_values))
    ),
    st.builds(
        UnknownEvent,
        id=st.none() | st.integers(1, 99),
        kind=st.just("dance"),
        object=st.fixed_dictionaries({"action": st.just("dance"), "steps": json_values}),
    ),
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return `data` in chunks that end at the given places."""
    bounds = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


cuts = st.lists(st.integers(0, 10_000), max_size=30)
