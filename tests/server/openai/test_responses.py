from __future__ import annotations

from typing import Any

import pytest

from robocoders.server.openai.responses_views import DeletedResponse, InputItemList, ResponseView
from tests.server.openai.response_reading import PATH, Asking, text_of, up_to
from tests.support.service import BOUND_SECONDS, Answer

UNKNOWN = "resp_0123456789abcdef0123456789abcdef"


def error_of(answer: Answer) -> tuple[int, str, str | None]:
    """Status, code and parameter of an answer that is no success; its form is looked at by the way."""
    error: dict[str, Any] = answer.json["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return answer.status, error["code"], error["param"]


def test_an_answer_is_a_response(alice: Asking) -> None:
    """Promise: docs/openai.md, `POST /v1/responses`."""
    answer = alice.ask("hello", metadata={"for": "you"}, instructions="Be brief.", temperature=0.5, unknown="ignored")
    response = answer.json
    assert (answer.status, response["object"], response["status"]) == (200, "response", "completed")
    assert text_of(response) == "You said: hello"
    assert (response["metadata"], response["instructions"]) == ({"for": "you"}, "Be brief.")
    assert (response["model"], response["temperature"], response["tools"]) == ("RepoAgent", 0.5, [])
    assert response["usage"]["total_tokens"] == 0
    assert answer.headers["x-session-id"] == response["conversation"]["id"]
    wishes = alice.service.turns.seen[0].wishes
    assert wishes is not None
    assert wishes.instructions == "Be brief."


def test_a_response_is_fetched_by_its_id(alice: Asking) -> None:
    """Promise: docs/openai.md, `GET /v1/responses/{id}`."""
    response = alice.ask("hello").json
    assert alice.get(response["id"]).json == response


def test_several_messages_are_several_items_that_can_be_joined(alice: Asking) -> None:
    """Promise: docs/openai.md, the text is that of all messages, parted by blank lines."""
    response = alice.ask("two").json
    assert [item["type"] for item in response["output"]] == ["message", "message"]
    assert text_of(response) == "First.\n\nSecond."


def test_steps_are_shown_to_who_asks(alice: Asking) -> None:
    """Promise: docs/openai.md, the agent's steps are reasoning items for those who ask."""
    plain, asked, declined = (
        [item["type"] for item in alice.ask("hello", **parameters).json["output"]]
        for parameters in ({}, {"reasoning": {"effort": "low", "summary": "auto"}}, {"reasoning": {"effort": "none"}})
    )
    assert (plain, declined) == (["message"], ["message"])
    assert asked == ["reasoning", "reasoning", "message"]


def test_limits_leave_a_response_incomplete_and_questions_are_text(alice: Asking) -> None:
    """Promise: docs/openai.md, limits end an answer as cut off, questions are ordinary text."""
    limited, question = alice.ask("limit").json, alice.ask("ask").json
    assert (limited["status"], limited["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert (question["status"], text_of(question)) == ("completed", "Which file?")


def test_a_turn_that_fails_is_an_error_that_is_not_tried_again(alice: Asking) -> None:
    """Promise: docs/openai.md, SDKs must not run a failed prompt a second time by themselves."""
    answer = alice.ask("fail", background=False)
    assert error_of(answer) == (500, "turn_failed", None)
    assert answer.headers["x-should-retry"] == "false"


def test_a_response_that_failed_is_fetched_as_failed(alice: Asking) -> None:
    """Promise: docs/openai.md, `GET /v1/responses/{id}` of a turn that ended with an error."""
    with alice.streamed("fail") as events:
        last = list(events)[-1]
    assert last["type"] == "response.failed"
    response = alice.get(last["response"]["id"]).json
    assert response == last["response"]
    assert (response["status"], response["error"]["code"], response["output"]) == ("failed", "server_error", [])


def test_a_background_response_is_polled_to_its_end(alice: Asking) -> None:
    """Promise: docs/openai.md, `background`."""
    begun = alice.ask("hold", background=True).json
    assert begun["status"] in {"queued", "in_progress"}
    assert begun["background"] is True
    assert alice.service.turns.held.wait(BOUND_SECONDS)
    half = alice.get(begun["id"]).json
    assert (half["status"], text_of(half), half["usage"]) == ("in_progress", "holding", None)
    alice.service.turns.go_on.set()
    with alice.resumed(begun["id"]) as events:
        up_to(events, "completed")
    done = alice.get(begun["id"]).json
    assert (done["status"], text_of(done)) == ("completed", "holding\n\nYou said: hold")


def test_a_running_response_is_cancelled(alice: Asking) -> None:
    """Promise: docs/openai.md, `POST /v1/responses/{id}/cancel`; what has ended stays as it was."""
    begun = alice.ask("hold", background=True).json
    assert alice.service.turns.held.wait(BOUND_SECONDS)
    cancelled = alice.cancel(begun["id"])
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert alice.get(begun["id"]).json == cancelled.json
    assert alice.cancel(begun["id"]).json == cancelled.json
    done = alice.ask("hello").json
    assert alice.cancel(done["id"]).json == done


def test_cancelling_what_waits_leaves_what_runs(alice: Asking) -> None:
    """Promise: docs/openai.md, cancelling a response ends no other one of its session."""
    first = alice.ask("hold", background=True).json
    assert alice.service.turns.held.wait(BOUND_SECONDS)
    second = alice.ask("hello", background=True, previous_response_id=first["id"]).json
    assert second["status"] == "queued"
    assert alice.cancel(second["id"]).json["status"] == "cancelled"
    assert alice.get(first["id"]).json["status"] == "in_progress"
    alice.service.turns.go_on.set()
    with alice.resumed(second["id"]) as events:
        assert list(events)[-1]["response"]["status"] == "cancelled"
    assert alice.get(first["id"]).json["status"] == "completed"


def test_a_deleted_response_is_gone(alice: Asking) -> None:
    """Promise: docs/openai.md, `DELETE /v1/responses/{id}`."""
    response = alice.ask("hello").json
    assert alice.delete(response["id"]).json == {"id": response["id"], "object": "response", "deleted": True}
    again = [alice.get(response["id"]), alice.delete(response["id"]), alice.cancel(response["id"])]
    assert {error_of(answer) for answer in again} == {(404, "response_not_found", None)}


def test_a_deleted_session_takes_its_responses_along(alice: Asking) -> None:
    """Promise: docs/openai.md, responses live as long as their session."""
    response = alice.ask("hello").json
    alice.service.send("DELETE", f"/sessions/{response['conversation']['id']}", token=alice.token)
    assert error_of(alice.get(response["id"])) == (404, "response_not_found", None)


def test_what_is_not_stored_cannot_be_fetched(alice: Asking) -> None:
    """Promise: docs/openai.md, `store: false`."""
    response = alice.ask("hello", store=False).json
    assert text_of(response) == "You said: hello"
    assert error_of(alice.get(response["id"])) == (404, "response_not_found", None)
    follow_up = alice.ask("more", previous_response_id=response["id"])
    assert error_of(follow_up) == (404, "previous_response_not_found", "previous_response_id")
    assert error_of(alice.ask("hello", store=False, background=True)) == (400, "background_not_stored", "store")


def test_a_response_goes_on_after_its_predecessor(alice: Asking) -> None:
    """Promise: docs/openai.md, `previous_response_id` names the session and its log is the history."""
    first = alice.ask("hello").json
    second = alice.ask("more", previous_response_id=first["id"]).json
    assert second["previous_response_id"] == first["id"]
    assert second["conversation"] == first["conversation"]
    assert text_of(second) == "You said: more"
    assert [exchange.prompt for exchange in alice.service.turns.seen[1].history] == ["hello"]


def test_a_conversation_is_named_in_three_ways(alice: Asking) -> None:
    """Promise: docs/openai.md, `X-Session-ID`, `conversation` (an id or an object) or `previous_response_id`."""
    first = alice.ask("hello", conversation="0b2c6f0e-6f9f-4b3c-8a55-3a3f5f0d7f11").json
    sid = first["conversation"]["id"]
    assert sid == "0b2c6f0e-6f9f-4b3c-8a55-3a3f5f0d7f11"
    assert alice.ask("a", conversation={"id": sid}).json["conversation"]["id"] == sid
    assert alice.ask("b", headers={"X-Session-ID": sid.upper()}).json["conversation"]["id"] == sid
    other = {"X-Session-ID": "1b2c6f0e-6f9f-4b3c-8a55-3a3f5f0d7f11"}
    assert error_of(alice.ask("c", conversation=sid, headers=other)) == (400, "conversation_conflict", "X-Session-ID")
    assert error_of(alice.ask("d", conversation="nonsense")) == (400, "invalid_session_id", "conversation")


def test_other_users_ids_are_unknown_everywhere(alice: Asking, bob: Asking) -> None:
    """Promise: docs/openai.md, what is another user's is a 404."""
    response = alice.ask("hello").json
    sid, theirs = response["conversation"]["id"], response["id"]
    answers = [
        bob.get(theirs),
        bob.get(theirs, "?stream=true"),
        bob.get(theirs, "/input_items"),
        bob.delete(theirs),
        bob.cancel(theirs),
        bob.ask("more", previous_response_id=theirs),
        bob.ask("more", conversation=sid),
        bob.ask("more", headers={"X-Session-ID": sid}),
        bob.get(UNKNOWN),
    ]
    assert [answer.status for answer in answers] == [404] * len(answers)
    assert alice.get(theirs).json == response


def test_two_users_with_the_same_words_never_meet(alice: Asking, bob: Asking) -> None:
    """Promise: docs/openai.md, nothing is guessed from text, and keys belong to their owner."""
    key = {"Idempotency-Key": "same"}
    mine, yours = (user.ask("hello", headers=key).json for user in (alice, bob))
    assert mine["id"] != yours["id"]
    assert mine["conversation"] != yours["conversation"]
    assert alice.ask("hello").json["conversation"] != mine["conversation"]
    assert [list(turn.history) for turn in alice.service.turns.seen] == [[], [], []]


def test_a_key_gives_the_same_response(alice: Asking) -> None:
    """Promise: README, a prompt with an idempotency key runs once; the same request gets the same response."""
    key = {"Idempotency-Key": "once"}
    first = alice.ask("hello", headers=key).json
    assert alice.ask("hello", headers=key).json == first
    with alice.service.stream(
        "POST", PATH, token=alice.token, body={"model": "RepoAgent", "input": "hello", "stream": True}, headers=key
    ) as stream:
        assert first["id"].encode() in stream.read()
    assert len(alice.service.turns.seen) == 1
    assert error_of(alice.ask("other", headers=key))[:2] == (400, "idempotency_key_reused")
    alice.delete(first["id"])
    assert error_of(alice.ask("hello", headers=key)) == (404, "response_not_found", None)


def test_what_was_asked_is_listed(alice: Asking) -> None:
    """Promise: docs/openai.md, `GET /v1/responses/{id}/input_items`."""
    asked = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    response = alice.ask(asked).json
    listed = alice.get(response["id"], "/input_items").json
    assert [item["content"][0]["text"] for item in listed["data"]] == ["c", "b", "a"]
    page = alice.get(response["id"], f"/input_items?order=asc&limit=1&after={listed['last_id']}").json
    assert [item["role"] for item in page["data"]] == ["assistant"]
    assert page["has_more"] is True
    rest = alice.get(response["id"], f"/input_items?after={listed['last_id']}").json
    assert (rest["data"], rest["first_id"], rest["has_more"]) == ([], None, False)


def test_a_conversation_in_the_input_is_the_prompt_of_a_new_session(alice: Asking) -> None:
    """Promise: docs/openai.md, a new session is asked the whole conversation, a known one only what is new."""
    asked = [
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    sid = alice.ask(asked).json["conversation"]["id"]
    alice.ask([*asked, {"role": "assistant", "content": "d"}, {"role": "user", "content": "e"}], conversation=sid)
    first, second = alice.service.turns.seen
    assert (first.prompt, second.prompt) == ("User: a\nAssistant: b\nUser: c\nAssistant:", "e")
    assert first.wishes is not None
    assert first.wishes.instructions == "Be kind."


def test_an_image_reaches_the_agent(alice: Asking) -> None:
    """Promise: docs/openai.md, images are passed on to models that see."""
    parts = [
        {"type": "input_text", "text": "What is it?"},
        {"type": "input_image", "image_url": "data:image/gif;base64,R0lGODlhAQABAAAAACw="},
    ]
    assert alice.ask([{"role": "user", "content": parts}]).status == 200
    wishes = alice.service.turns.seen[0].wishes
    assert wishes is not None
    assert [image.media_type for image in wishes.images] == ["image/gif"]


WRONG: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"model": "gpt-4"}, (404, "model")),
    ({"model": 7}, (400, "model")),
    ({"input": 7}, (400, "input")),
    ({"input": ""}, (400, "input")),
    (
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "x"}]}]},
        (400, "input[0].content[0].type"),
    ),
    ({"conversation": {"id": 7}}, (400, "conversation")),
    ({"temperature": float("nan")}, (400, "temperature")),
    ({"tools": [{"type": "function", "name": "a", "parameters": {"maximum": float("inf")}}]}, (400, "tools")),
    ({"stream": "yes"}, (400, "stream")),
    ({"instructions": 7}, (400, "instructions")),
    ({"metadata": {"a": 1}}, (400, "metadata.a")),
    ({"tools": {}}, (400, "tools")),
    ({"tools": [{"type": "function", "name": "run"}]}, (400, "tools")),
    ({"tool_choice": "sometimes"}, (400, "tool_choice")),
    ({"previous_response_id": UNKNOWN}, (404, "previous_response_id")),
]


@pytest.mark.parametrize(("parameters", "refusal"), WRONG)
def test_what_is_wrong_is_named(alice: Asking, parameters: dict[str, Any], refusal: tuple[int, str]) -> None:
    """Promise: docs/openai.md, wrong types of known parameters are a 400 with `param`."""
    body = {"model": "RepoAgent", "input": "hello", **parameters}
    answer = alice.service.send("POST", PATH, token=alice.token, body=body)
    status, _, param = error_of(answer)
    assert (status, param) == refusal
    assert alice.service.turns.seen == []


def test_every_response_is_as_the_description_says(alice: Asking) -> None:
    """Promise: the OpenAPI description, bodies have the form that it gives."""
    tool = {"type": "function", "name": "weather"}
    everything: dict[str, Any] = {
        "tools": [tool],
        "tool_choice": tool,
        "reasoning": {"effort": "low"},
        "text": {"verbosity": "low"},
        "truncation": "auto",
        "max_output_tokens": 7,
        "user": "u",
        "service_tier": "flex",
        "metadata": {"a": "b"},
    }
    for prompt, parameters in (("hello", everything), ("tools", everything), ("limit", {}), ("two", {}), ("ask", {})):
        response = alice.ask(prompt, **parameters).json
        # Strict, and nothing beside: what is not described is not there.
        assert ResponseView.model_validate(response, strict=True).model_dump() == response
    listed = alice.get(response["id"], "/input_items").json
    assert InputItemList.model_validate(listed, strict=True).model_dump() == listed
    deleted = alice.delete(response["id"]).json
    assert DeletedResponse.model_validate(deleted, strict=True).model_dump() == deleted


def test_without_a_token_nothing_is_told(alice: Asking) -> None:
    """Promise: docs/openai.md, 401 in OpenAI's form."""
    for method, path in (("POST", PATH), ("GET", f"{PATH}/{UNKNOWN}"), ("POST", f"{PATH}/{UNKNOWN}/cancel")):
        assert error_of(alice.service.send(method, path, body={}))[:2] == (401, "invalid_api_key")
