from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.events import MessageAction, RunAction, RunArgs, RunObservation, ToolResultObservation
from robocoders.wire.openai.responses import PIECE_CHARACTERS, ResponseStream
from robocoders.wire.openai.responses_log import LivePiece, Logged, LogItem, Withdrawal
from robocoders.wire.openai.responses_objects import ResponseHead, stream_error
from robocoders.wire.openai.usage import Usage
from robocoders.wire.protocol import Reason
from tests.wire.openai.histories import (
    FIRST_ID,
    Moment,
    calls,
    head,
    histories,
    late_reading,
    message,
    read,
    readings,
    whole_reading,
)

Frames = list[dict[str, Any]]

heads = st.sampled_from(
    [
        head(request={"background": background}, shows_steps=shows_steps)
        for background in (False, True)
        for shows_steps in (False, True)
    ]
)


def kinds(frames: Frames) -> list[str]:
    return [frame["type"].removeprefix("response.") for frame in frames]


def of_kind(frames: Frames, kind: str) -> Frames:
    return [frame for frame in frames if frame["type"] == f"response.{kind}"]


def numbers(frames: Frames) -> list[int]:
    return [frame["sequence_number"] for frame in frames]


def withdrawn_items(frames: Frames) -> set[str]:
    return {one["item"]["id"] for one in of_kind(frames, "output_item.done") if one["item"]["status"] == "incomplete"}


def shown_deltas_withdrawn(frames: Frames) -> set[int]:
    """The numbers of pieces of text that was withdrawn later."""
    gone = withdrawn_items(frames)
    return {one["sequence_number"] for one in of_kind(frames, "output_text.delta") if one["item_id"] in gone}


MESSAGE_FRAMES = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]
STEP_FRAMES = [
    "output_item.added",
    "reasoning_summary_part.added",
    "reasoning_summary_text.delta",
    "reasoning_summary_text.done",
    "reasoning_summary_part.done",
    "output_item.done",
]
CALL_FRAMES = [
    "output_item.added",
    "function_call_arguments.delta",
    "function_call_arguments.done",
    "output_item.done",
]


@given(histories(), heads)
def test_numbers_have_no_gap_for_a_reader_who_misses_nothing(history: list[Moment], of: ResponseHead) -> None:
    """Promise: docs/openai.md, `sequence_number` counts from 0 without a gap."""
    frames, stream = read(whole_reading(history), of)
    assert numbers(frames) == list(range(len(frames)))
    assert stream.is_finished
    assert frames[-1]["response"] == stream.response
    assert frames[-1]["response"]["status"] == stream.status


@given(st.data(), histories(), heads)
def test_every_reader_gives_the_same_event_the_same_number(
    data: st.DataObject, history: list[Moment], of: ResponseHead
) -> None:
    """Promise: docs/openai.md, a stream is taken up again at any number, whoever gives it and whenever."""
    whole, _ = read(whole_reading(history), of)
    heard, _ = read(data.draw(readings(history)), of)
    at = {frame["sequence_number"]: frame for frame in whole}
    assert [at[number] for number in numbers(heard)] == heard
    assert set(at) - set(numbers(heard)) <= shown_deltas_withdrawn(whole)


@given(st.data(), histories())
def test_a_stream_that_is_taken_up_anywhere_repeats_and_skips_nothing(
    data: st.DataObject, history: list[Moment]
) -> None:
    """Promise: docs/openai.md, `starting_after` goes on without gap or repeat, after a crash too."""
    items = data.draw(readings(history))
    first, _ = read(items[: data.draw(st.integers(0, len(items)))])
    broken = first[: data.draw(st.integers(1, len(first)))]
    again, _ = read(late_reading(history))
    rest = [frame for frame in again if frame["sequence_number"] > broken[-1]["sequence_number"]]
    whole, _ = read(whole_reading(history))
    joined = numbers(broken + rest)
    assert joined == sorted(set(joined))
    assert set(numbers(whole)) - set(joined) <= shown_deltas_withdrawn(whole)
    assert (rest or broken)[-1] == whole[-1]


@given(st.data(), histories())
def test_only_what_counts_is_in_the_final_response(data: st.DataObject, history: list[Moment]) -> None:
    """Promise: docs/openai.md, a withdrawn half-answer never leaves a wrong final text."""
    frames, stream = read(data.draw(readings(history)))
    gone, ended = withdrawn_items(frames), stream.status in {"failed", "cancelled"}
    messages = [one.event.text for one in history if isinstance(one.event, MessageAction)]
    texts = messages[:-1] if ended else messages
    output: Frames = stream.response["output"]
    assert "".join(item["content"][0]["text"] for item in output if item["type"] == "message") == "\n\n".join(texts)
    assert not gone & {item["id"] for item in output}
    shown = [one["delta"] for one in of_kind(frames, "output_text.delta") if one["item_id"] not in gone]
    assert "".join(shown) == "\n\n".join(texts)
    done = [one["item"] for one in of_kind(frames, "output_item.done") if one["item"]["id"] not in gone]
    assert done == output


@given(histories(), heads)
def test_items_open_one_after_the_other_and_each_is_closed(history: list[Moment], of: ResponseHead) -> None:
    """Protocol fact: OpenAI's clients keep what comes by `output_index` and refuse what was never announced."""
    frames, _ = read(whole_reading(history), of)
    open_index: int | None = None
    begun = 0
    for frame in frames:
        if frame["type"] == "response.output_item.added":
            assert open_index is None
            open_index = frame["output_index"]
            assert open_index == begun
            begun += 1
        elif "output_index" in frame:
            assert frame["output_index"] == open_index
            open_index = None if frame["type"] == "response.output_item.done" else open_index


def test_an_answer_is_one_message() -> None:
    """Protocol fact: OpenAI's API reference, the order of a stream's events."""
    usage = {"input_tokens": 30, "output_tokens": 4, "requests": 1}
    frames, stream = read([Logged(FIRST_ID, message("Done.", reason=Reason.FINISHED, usage=usage), 1_700_000_009)])
    assert kinds(frames) == ["created", "in_progress", *MESSAGE_FRAMES, "completed"]
    response = stream.response
    assert response["status"] == "completed"
    assert response["completed_at"] == 1_700_000_009
    assert (response["usage"]["input_tokens"], response["usage"]["output_tokens"]) == (30, 4)
    assert [item["content"][0]["text"] for item in response["output"]] == ["Done."]


def test_text_is_cut_at_fixed_places_and_comes_before_the_end() -> None:
    """Promise: docs/openai.md, text comes before the turn has ended, in pieces that every reader cuts alike."""
    stream = ResponseStream(head())
    stream.begin()
    text = "0123456789abcdef0123456789"
    deltas = [
        [
            one["delta"]
            for one in of_kind(stream.take(LivePiece(FIRST_ID, 0, at, text[at : at + 5])), "output_text.delta")
        ]
        for at in (0, 5, 10, 15, 20)
    ]
    assert deltas == [[], [], [], [text[:PIECE_CHARACTERS]], []]
    frames = stream.take(Logged(FIRST_ID, message(text, reason=Reason.FINISHED), 0))
    assert [one["delta"] for one in of_kind(frames, "output_text.delta")] == [text[PIECE_CHARACTERS:]]


def test_a_withdrawn_text_is_an_item_that_ends_incomplete() -> None:
    """Promise: docs/openai.md, what was shown and does not count is ended, and the new text is a new item."""
    frames, stream = read(
        whole_reading([Moment(message("Right.", reason=Reason.FINISHED), ["Wrong, so wrong, wrong"])])
    )
    first, second = of_kind(frames, "output_item.done")
    assert (first["item"]["status"], first["item"]["content"]) == ("incomplete", [])
    assert second["item"]["status"] == "completed"
    assert first["item"]["id"] != second["item"]["id"]
    assert stream.response["output"] == [second["item"]]


def test_a_withdrawal_without_a_record_is_seen_at_the_event() -> None:
    """Promise: docs/openai.md, a withdrawn half-answer never leaves a wrong final text."""
    frames, stream = read([LivePiece(FIRST_ID, 0, 0, "Wro"), Logged(FIRST_ID, message("Right.", reason="finished"), 0)])
    assert len(withdrawn_items(frames)) == 1
    assert [item["content"][0]["text"] for item in stream.response["output"]] == ["Right."]


def test_text_of_another_generation_is_not_mixed_in() -> None:
    """Promise: docs/openai.md, a withdrawn half-answer never leaves a wrong final text."""
    stream = ResponseStream(head())
    stream.begin()
    stream.take(Withdrawal(FIRST_ID, 0, 3))
    assert stream.take(LivePiece(FIRST_ID, 0, 0, "Wrong, and late")) == []
    assert stream.take(Withdrawal(FIRST_ID, 0, 3)) == []
    assert kinds(stream.take(LivePiece(FIRST_ID, 1, 0, "Right."))) == ["output_item.added", "content_part.added"]


def test_what_a_tool_puts_out_is_no_text() -> None:
    """Promise: docs/openai.md, text is what the agent says; live output of a command is a step's."""
    output: list[LogItem] = [
        Logged(FIRST_ID, RunAction(message="Running", args=RunArgs(command="make")), 0),
        LivePiece(FIRST_ID + 1, 0, 0, "made a lot of things"),
        Withdrawal(FIRST_ID + 1, 0, 20),
        Logged(FIRST_ID + 1, RunObservation(message="Ran", content="made"), 0),
    ]
    frames, _ = read(output)
    assert kinds(frames) == ["created", "in_progress"]


def test_steps_are_reasoning_for_who_asks() -> None:
    """Promise: docs/openai.md, the agent's steps are shown as reasoning items to those who ask."""
    steps: list[LogItem] = [
        # What the client's own tool said is no step of the agent.
        Logged(FIRST_ID - 1, ToolResultObservation(message="weather answered", content="wet"), 0),
        Logged(FIRST_ID, RunAction(message="Running make", args=RunArgs(command="make")), 0),
        Logged(FIRST_ID + 1, RunObservation(message="It ended.", content="made"), 0),
        Logged(FIRST_ID + 2, RunObservation(message="", content="silent"), 0),
        Logged(FIRST_ID + 3, message("Done.", reason=Reason.FINISHED), 0),
    ]
    frames, stream = read(steps, head(shows_steps=True))
    assert kinds(frames) == ["created", "in_progress", *STEP_FRAMES, *STEP_FRAMES, *MESSAGE_FRAMES, "completed"]
    assert [item["type"] for item in stream.response["output"]] == ["reasoning", "reasoning", "message"]
    assert stream.response["output"][0]["summary"] == [{"type": "summary_text", "text": "Running make"}]


def test_calls_of_the_clients_tools_end_a_response() -> None:
    """Protocol fact: OpenAI's API reference, function calls are items, and the response is then completed."""
    of = head(usage_before=Usage(3, 1))
    frames, stream = read(whole_reading(calls(2)), of)
    assert kinds(frames) == ["created", "in_progress", *CALL_FRAMES, *CALL_FRAMES, "completed"]
    assert [item["call_id"] for item in stream.response["output"]] == ["call_0", "call_1"]
    assert stream.response["output"][0]["arguments"] == '{"at":"sea"}'
    assert (stream.response["usage"]["input_tokens"], stream.response["usage"]["output_tokens"]) == (4, 4)
    assert stream.take(Logged(FIRST_ID + 2, message("more"), 0)) == []


@pytest.mark.parametrize(
    ("reason", "status", "last"),
    [
        (Reason.FINISHED, "completed", "completed"),
        (Reason.QUESTION, "completed", "completed"),
        (Reason.NEEDS_MODEL, "completed", "completed"),
        (Reason.ITERATION_LIMIT, "incomplete", "incomplete"),
        (Reason.BUDGET_LIMIT, "incomplete", "incomplete"),
        (Reason.EXHAUSTED, "incomplete", "incomplete"),
        (Reason.CANCELLED, "cancelled", "incomplete"),
        (Reason.ERROR, "failed", "failed"),
    ],
)
def test_how_a_turn_ended_is_the_status(reason: str, status: str, last: str) -> None:
    """Promise: docs/openai.md, questions are ordinary text, limits leave an answer incomplete."""
    frames, stream = read([Logged(FIRST_ID, message("Why.", reason=reason), 7)])
    assert (stream.response["status"], kinds(frames)[-1]) == (status, last)
    incomplete = {"reason": "max_output_tokens"} if status == "incomplete" else None
    assert stream.response["incomplete_details"] == incomplete
    failed = {"code": "server_error", "message": "Why."} if status == "failed" else None
    assert stream.response["error"] == failed
    assert bool(stream.response["output"]) == (status in {"completed", "incomplete"})
    assert stream.response["completed_at"] == (7 if status == "completed" else None)


def test_a_last_word_that_is_not_in_the_log_ends_a_response() -> None:
    """Promise: README, every turn ends, even where the disk is full."""
    frames, stream = read([Logged(FIRST_ID, message("First."), 0), Logged(0, message("Lost.", reason="error"), 0)])
    assert stream.status == "failed"
    assert numbers(frames) == list(range(len(frames)))


def test_a_background_response_is_queued_first() -> None:
    """Protocol fact: OpenAI's API reference, `response.queued`."""
    stream = ResponseStream(head(request={"background": True}))
    begun = stream.begin()
    assert kinds(begun) == ["created", "queued"]
    assert {one["response"]["status"] for one in begun} == {"queued"}
    frames = stream.take(Logged(FIRST_ID, message("Hm."), 0))
    assert kinds(frames) == ["in_progress", *MESSAGE_FRAMES]
    assert frames[0]["response"]["status"] == "in_progress"


def test_a_response_repeats_what_its_request_said() -> None:
    """Protocol fact: OpenAI's API reference, the response object."""
    request = {"metadata": {"a": "b"}, "instructions": "Be brief.", "store": False, "previous_response_id": "resp_09"}
    stream = ResponseStream(head(request={**request, "input": "never shown here"}))
    assert request.items() <= stream.response.items()
    assert stream.response["tools"] == []
    assert stream.response["conversation"] == {"id": "sid"}
    assert "input" not in stream.response


def test_work_on_a_response_is_said_once() -> None:
    """Protocol fact: OpenAI's API reference, `response.in_progress`."""
    stream = ResponseStream(head(request={"background": True}))
    stream.begin()
    assert kinds(stream.start()) == ["in_progress"]
    assert stream.start() == []
    assert stream.response["status"] == "in_progress"


def test_a_stream_that_breaks_off_says_so_outside_of_the_numbering() -> None:
    """Promise: docs/openai.md, errors inside a stream; who goes on after its number misses nothing."""
    error = stream_error("answer_broken_off", "The server stopped.", number=7)
    assert (error["type"], error["sequence_number"], error["param"]) == ("error", 7, None)
