from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from robocoders.engine.hub import Item
from robocoders.engine.runner import TurnHandle
from robocoders.errors import StoreError
from robocoders.server.openai.responses_reading import response_frames
from robocoders.store import Store
from robocoders.wire.openai.responses_objects import ResponseHead
from tests.server.openai.response_reading import PATH, POEM, Asking, Frame, events_of, numbers, text_of, up_to
from tests.server.openai.test_errors import turn_row
from tests.support.separate_service import separate_service
from tests.support.service import BOUND_SECONDS


def kinds(events: list[Frame]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def deltas(events: list[Frame]) -> list[str]:
    return [event["delta"] for event in events if event["type"] == "response.output_text.delta"]


def test_text_comes_before_the_turn_has_ended(alice: Asking) -> None:
    """Promise: docs/openai.md, a stream delivers text before the turn has ended."""
    with alice.streamed("recite") as events:
        begun = up_to(events, "output_text.delta")
        # The agent waits until it is told to go on: this text came before its end.
        assert alice.service.turns.held.wait(BOUND_SECONDS)
        alice.service.turns.go_on.set()
        whole = begun + list(events)
    assert numbers(whole) == list(range(len(whole)))
    assert "".join(deltas(whole)) == POEM
    assert kinds(whole)[0] == "created"
    assert kinds(whole)[-1] == "completed"
    assert text_of(whole[-1]["response"]) == POEM


def test_a_stream_and_the_response_tell_the_same(alice: Asking) -> None:
    """Promise: docs/openai.md, the last event of a stream is the response as it is fetched."""
    with alice.streamed("two", reasoning={"effort": "high"}) as events:
        whole = list(events)
    assert alice.get(whole[0]["response"]["id"]).json == whole[-1]["response"]
    assert "".join(deltas(whole)) == "First.\n\nSecond."


def test_a_stream_can_be_read_again_from_any_number(alice: Asking) -> None:
    """Promise: docs/openai.md, `GET /v1/responses/{id}?stream=true&starting_after=N`."""
    with alice.streamed("two") as events:
        whole = list(events)
    response_id = whole[0]["response"]["id"]
    for after in (None, *numbers(whole)):
        with alice.resumed(response_id, after) as events:
            assert list(events) == [one for one in whole if after is None or one["sequence_number"] > after]


def test_a_client_that_hangs_up_does_not_end_the_turn(alice: Asking) -> None:
    """Promise: docs/openai.md, a client that goes away does not stop the run."""
    with alice.streamed("recite") as events:
        begun = up_to(events, "output_text.delta")
    assert alice.service.turns.held.wait(BOUND_SECONDS)
    alice.service.turns.go_on.set()
    with alice.resumed(begun[0]["response"]["id"], begun[-1]["sequence_number"]) as events:
        rest = list(events)
    assert numbers(begun + rest) == list(range(len(begun + rest)))
    assert "".join(deltas(begun + rest)) == POEM
    assert rest[-1]["response"]["status"] == "completed"


def test_a_withdrawn_half_answer_is_no_part_of_the_response(alice: Asking) -> None:
    """Promise: docs/openai.md, a `reset` never leaves a wrong final text."""
    with alice.streamed("stammer") as events:
        begun = up_to(events, "content_part.added")
        assert alice.service.turns.held.wait(BOUND_SECONDS)
        alice.service.turns.go_on.set()
        whole = begun + list(events)
    assert numbers(whole) == list(range(len(whole)))
    statuses = [one["item"]["status"] for one in whole if one["type"] == "response.output_item.done"]
    assert statuses == ["incomplete", "completed"]
    assert text_of(whole[-1]["response"]) == "You said: stammer"
    assert alice.get(whole[0]["response"]["id"]).json == whole[-1]["response"]
    with alice.resumed(whole[0]["response"]["id"]) as events:
        assert list(events) == whole


def test_what_was_shown_of_a_cancelled_answer_is_withdrawn(alice: Asking) -> None:
    """Promise: docs/openai.md, the same numbers whoever reads, also of a turn that was cut off."""
    with alice.streamed("recite", background=True) as events:
        begun = up_to(events, "output_text.delta")
        cancelled = alice.cancel(begun[0]["response"]["id"]).json
        whole = begun + list(events)
    assert kinds(whole)[:3] == ["created", "queued", "in_progress"]
    assert numbers(whole) == list(range(len(whole)))
    assert whole[-1]["response"] == cancelled
    assert (cancelled["status"], cancelled["output"]) == ("cancelled", [])
    with alice.resumed(begun[0]["response"]["id"]) as events:
        again = list(events)
    # The text is gone: only the numbers of its pieces are left.
    assert again == [one for one in whole if one["type"] != "response.output_text.delta"]


def test_the_word_of_a_cancellation_is_not_taken_for_the_answer_that_was_begun(alice: Asking) -> None:
    """Promise: docs/openai.md, the same numbers whoever reads; `C` was shown, and `Cancelled.` begins with it."""
    with alice.streamed("murmur") as events:
        begun = up_to(events, "content_part.added")
        alice.cancel(begun[0]["response"]["id"])
        whole = begun + list(events)
    assert [one["item"]["status"] for one in whole if one["type"] == "response.output_item.done"] == ["incomplete"]
    with alice.resumed(begun[0]["response"]["id"]) as events:
        assert list(events) == whole


def test_a_stream_of_a_server_that_stops_says_that_it_broke_off(alice: Asking) -> None:
    """Promise: docs/openai.md, errors inside a stream; who goes on after its number misses nothing."""
    with alice.streamed("hold") as events:
        begun = up_to(events, "output_item.done")
        alice.service.suspend()
        rest = list(events)
    assert [one["type"] for one in rest] == ["error"]
    assert (rest[0]["code"], rest[0]["sequence_number"]) == ("answer_broken_off", begun[-1]["sequence_number"])


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}], ids=["without", "with"])
def test_a_server_that_stops_says_so_to_who_waits(alice: Asking, key: dict[str, str]) -> None:
    """Promise: docs/openai.md, keys (no client runs a prompt twice by itself; with a key it may come again)."""
    connection = alice.service.connect()
    headers = {"Authorization": f"Bearer {alice.token}", **key}
    connection.request("POST", PATH, json.dumps({"model": "RepoAgent", "input": "hold"}), headers)
    assert alice.service.turns.held.wait(BOUND_SECONDS)
    alice.service.stop_switch.press()
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["error"]["code"]) == (503, "answer_broken_off")
    assert response.headers.get("x-should-retry") == (None if key else "false")
    assert response.headers.get("retry-after-ms") == ("2000" if key else None)
    connection.close()


async def test_a_database_that_fails_breaks_a_stream_off(tmp_path: Path) -> None:
    """Promise: docs/openai.md, errors (also inside of a stream that has begun)."""

    async def broken(*_: object, **__: object) -> AsyncGenerator[Item, None]:
        raise StoreError("the disk is gone")
        yield  # pyright: ignore[reportUnreachable] - it makes this a generator

    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    handle = TurnHandle(turn_row(), existing=False, _follow=broken, begins_after=0)
    head = ResponseHead("resp_0a", 7, "s", "RepoAgent")
    frames = [frame async for frame in response_frames(store, handle, head, starting_after=None)]
    await store.close()
    *_, last = events_of(b"".join(frames).splitlines())
    assert (last["type"], last["code"], last["sequence_number"]) == ("error", "storage_unavailable", 1)
    assert "disk" not in last["message"]


@pytest.mark.parametrize(
    ("prompt", "last_before"), [("hold", "output_item.done"), ("chant", "output_text.delta")], ids=["events", "text"]
)
def test_a_stream_goes_on_after_a_kill(tmp_path: Path, prompt: str, last_before: str) -> None:
    """Promise: docs/openai.md, a stream goes on at `starting_after` after `kill -9`, without gap or repeat."""
    with separate_service(tmp_path / "data", holding=True) as first:
        user = Asking(first.client, first.client.token())
        with user.streamed(prompt, background=True) as events:
            begun = up_to(events, last_before)
            first.kill()
    response_id = begun[0]["response"]["id"]
    with separate_service(tmp_path / "data", port=first.client.port) as second:
        user = Asking(second.client, user.token)
        with user.resumed(response_id, begun[-1]["sequence_number"]) as events:
            rest = list(events)
        with user.resumed(response_id) as events:
            again = list(events)
        final = user.get(response_id).json
    joined = begun + rest
    assert numbers(joined) == sorted(set(numbers(joined)))
    gone = {one["item"]["id"] for one in rest if one.get("item", {}).get("status") == "incomplete"}
    assert again == [one for one in joined if one["type"] != "response.output_text.delta" or one["item_id"] not in gone]
    assert rest[-1]["response"] == final
    assert final["status"] == "completed"
    counted = [one["delta"] for one in joined if "delta" in one and one["item_id"] not in gone]
    assert "".join(counted) == text_of(final)
    if not gone:
        assert numbers(joined) == list(range(len(joined)))
