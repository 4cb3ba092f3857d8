"""Cutting a byte stream into lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.errors import LineTooLongError, TruncatedLineError
from robocoders.events import Event
from robocoders.wire.codec import encode_event
from robocoders.wire.ndjson import NdjsonDecoder, encode_line
from tests.wire.strategies import cut, cuts, events

PRETTY = b'{\n  "id": 32,\n  "args": {\n    "list": [\n      1,\n      2\n    ]\n  }\n}'


def read(chunks: list[bytes], max_line_bytes: int | None = None) -> tuple[list[bytes], str]:
    """Return the lines that chunks decode to, and the name of the error that ended them."""
    decoder = NdjsonDecoder(max_line_bytes)
    lines: list[bytes] = []
    try:
        for chunk in chunks:
            lines += decoder.feed(chunk)
        lines += decoder.close()
    except (TruncatedLineError, LineTooLongError) as error:
        return lines, type(error).__name__
    return lines, ""


@given(
    st.lists(events, max_size=5),
    cuts,
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \n"]),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
def test_any_chunking_of_events_gives_the_same_lines(
    sent: list[Event], places: list[int], line_end: bytes, last: bytes
) -> None:
    """Promise: any chunking of any event sequence decodes to the same events."""
    bodies = [encode_event(event) for event in sent]
    data = line_end.join(bodies) + last

    assert read(cut(data, places)) == (bodies, "")


@given(st.binary(max_size=300) | st.text('{}[]":,\\\n\r \x85a1', max_size=120).map(str.encode), cuts)
def test_any_chunking_of_any_bytes_ends_the_same_way(data: bytes, places: list[int]) -> None:
    """Promise: no input makes the decoder hang or raise anything but the documented errors."""
    assert read(cut(data, places)) == read([data])


@given(st.text("ab\n\r{}", max_size=60).map(str.encode), cuts, st.integers(1, 8))
def test_a_cap_ends_every_chunking_at_the_same_line(data: bytes, places: list[int], cap: int) -> None:
    """Promise: the line cap does not depend on how bytes arrive."""
    assert read(cut(data, places), cap) == read([data], cap)


def test_separators_inside_a_string_are_data() -> None:
    """Protocol fact: lines end with LF only; U+2028, U+0085 and a lone CR survive."""
    line = '{"message": "a\u2028b\u0085c\rd"}'.encode()

    assert read([line + b"\n"]) == ([line], "")


def test_blank_lines_and_carriage_returns_are_skipped() -> None:
    """Protocol fact: a blank line is a heartbeat, also in front of a single object."""
    assert read([b"\n \n\r\n", b'{"id": 1}\r', b"\n\n"]) == ([b'{"id": 1}'], "")


def test_a_last_line_needs_no_line_end() -> None:
    """Protocol fact: a one-event body may lack the final line feed."""
    assert read([b'{"id": 1}\n{"id": 2}']) == ([b'{"id": 1}', b'{"id": 2}'], "")
    assert read([b'{"id": 1}\r']) == ([b'{"id": 1}'], "")


def test_a_cut_off_tail_is_an_error_of_its_own() -> None:
    """Promise: what came before a cut is given, and the cut is told."""
    assert read([b'{"id": 1}\n{"id"']) == ([b'{"id": 1}'], "TruncatedLineError")


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n"])
def test_one_pretty_printed_body_is_one_line(end: bytes) -> None:
    """Protocol fact: an answer of one event may be printed over several lines."""
    lines, error = read([PRETTY.replace(b"\n", b"\r\n") + end])

    assert error == ""
    assert [json.loads(line) for line in lines] == [json.loads(PRETTY)]


def test_a_pretty_printed_body_may_hold_blank_lines_and_open_a_value_on_the_next_line() -> None:
    """Protocol fact: a blank line is harmless anywhere."""
    body = b'{ "id": 1,\n\n "args":\n{\n"a": {} },\n"b": "}" }\n'

    lines, error = read([body, b'{"id": 2}\n'])

    assert error == ""
    assert [json.loads(line) for line in lines] == [json.loads(body), {"id": 2}]


@pytest.mark.parametrize("body", [PRETTY[:40], b'{\n"a": 1,\n', b"{\n", b'{\n"a": "b'])
def test_a_cut_pretty_printed_body_is_truncated(body: bytes) -> None:
    """Promise: a cut-off body is never taken for a whole one."""
    lines, error = read([body])

    assert (lines, error) in (([], "TruncatedLineError"), (body.split(b"\n"), ""))


@pytest.mark.parametrize(
    "first",
    [b"{", b'{"id": 1,', b'{"id": "cut', b'{"id": ]', b'{"id": [1,}', b'{"a": 1} {'],
)
def test_a_bad_first_line_does_not_swallow_the_events_after_it(first: bytes) -> None:
    """Promise: a line that is no JSON is skipped, and nothing else is lost."""
    lines, error = read([first + b'\n{"id": 2}\n{"id": 3}\n'])

    assert error == ""
    assert lines == [first, b'{"id": 2}', b'{"id": 3}']


def test_balanced_lines_that_are_no_json_come_apart() -> None:
    """Promise: a line that is no JSON is told as it came."""
    assert read([b"{ no\njson }\n"]) == ([b"{ no", b"json }"], "")
    assert read([b'{ no\n"cut\n']) == ([b"{ no", b'"cut'], "")


def test_only_the_first_line_of_a_body_can_begin_a_document() -> None:
    """Promise: events after the first are one a line."""
    assert read([b'{"id": 1}\n{\n"id": 2}\n']) == ([b'{"id": 1}', b"{", b'"id": 2}'], "")


def test_a_line_of_any_length_is_read_without_a_cap() -> None:
    """Promise: no cap by default."""
    line = b'{"message": "' + b"x" * 2_000_000 + b'"}'

    assert read(cut(line + b"\n", list(range(0, 2_000_000, 65_536)))) == ([line], "")


def test_a_line_above_the_cap_is_refused_after_the_lines_before_it() -> None:
    """Promise: the cap is configurable; lines before the long one are not lost."""
    decoder = NdjsonDecoder(max_line_bytes=9)
    assert decoder.feed(b'{"id": 1}\r\n{"id": 22}\n') == [b'{"id": 1}']

    with pytest.raises(LineTooLongError, match="longer than 9 bytes"):
        decoder.feed(b"")
    with pytest.raises(LineTooLongError):
        decoder.close()


@pytest.mark.parametrize("body", [b"{" * 30, b"[" * 10, b'{\n"a": 1,\n"b": 2,\n"c": 3}'])
def test_an_endless_line_is_refused_before_it_ends(body: bytes) -> None:
    """Promise: memory is bounded by the cap, in documents too."""
    assert read([body], 9) == ([], "LineTooLongError")


def test_a_cap_below_one_byte_is_refused() -> None:
    """Promise: bad input gets a clear error."""
    with pytest.raises(ValueError, match="at least 1"):
        NdjsonDecoder(max_line_bytes=0)


def test_a_line_is_written_with_one_line_feed() -> None:
    """Protocol fact: LF after every line, the last one too."""
    assert encode_line(b"{}") == b"{}\n"

    with pytest.raises(ValueError, match="line feed"):
        encode_line(b"{\n}")
