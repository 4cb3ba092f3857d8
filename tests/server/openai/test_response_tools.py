from __future__ import annotations

from typing import Any

from tests.server.openai.response_reading import Asking, outputs, text_of

WEATHER: list[dict[str, Any]] = [
    {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}},
    {"type": "web_search"},
]


def test_calls_of_the_clients_tools_are_items_and_their_outputs_go_on(alice: Asking) -> None:
    """Promise: docs/openai.md, the follow-up with the results goes on in the same turn."""
    first = alice.ask("tools", tools=WEATHER, tool_choice={"type": "function", "name": "weather"}).json
    assert first["status"] == "completed"
    assert [(item["type"], item["name"], item["arguments"]) for item in first["output"]] == [
        ("function_call", "weather", '{"at": "sea"}'),
        ("function_call", "weather", '{"at": "land"}'),
    ]
    assert [tool["name"] for tool in first["tools"]] == ["weather"]
    assert first["tool_choice"] == {"type": "function", "name": "weather"}
    assert first["usage"]["input_tokens"] == 10
    second = alice.ask(outputs(first, "wet", "dry"), previous_response_id=first["id"]).json
    assert (second["status"], text_of(second)) == ("completed", "It is wet and dry.")
    assert second["id"] != first["id"]
    assert second["conversation"] == first["conversation"]
    assert (second["usage"]["input_tokens"], second["usage"]["output_tokens"]) == (15, 3)
    # Both stay what they were, and neither has the other's items.
    assert alice.get(first["id"]).json == first
    assert alice.get(second["id"]).json == second


def test_the_same_outputs_again_are_the_same_response(alice: Asking) -> None:
    """Promise: docs/openai.md, results that come again attach to what the first ones led to."""
    first = alice.ask("tools", tools=WEATHER).json
    second = alice.ask(outputs(first, "wet", "dry")).json
    assert alice.ask(outputs(first, "wet", "dry")).json == second
    differing = alice.ask(outputs(first, "dry", "dry"))
    assert (differing.status, differing.json["error"]["code"]) == (409, "tool_result_differs")


def test_calls_are_streamed(alice: Asking) -> None:
    """Protocol fact: OpenAI's API reference, `response.function_call_arguments.delta` and `.done`."""
    with alice.streamed("tools", tools=WEATHER) as events:
        first = list(events)
    assert [one["delta"] for one in first if "delta" in one] == ['{"at": "sea"}', '{"at": "land"}']
    with alice.streamed(outputs(first[-1]["response"], "wet", "dry")) as events:
        second = list(events)
    assert second[-1]["type"] == "response.completed"
    assert [one["sequence_number"] for one in second] == list(range(len(second)))


def test_outputs_nobody_waits_for_are_refused(alice: Asking, bob: Asking) -> None:
    """Promise: docs/openai.md, calls belong to their turn and its owner."""
    first = alice.ask("tools", tools=WEATHER).json
    unknown = [{"type": "function_call_output", "call_id": "call_none", "output": ""}]
    for answer in (alice.ask(unknown), bob.ask(outputs(first, "wet", "dry"))):
        assert (answer.status, answer.json["error"]["code"]) == (400, "unknown_tool_call")
        assert answer.json["error"]["param"].startswith("input[")


def test_a_new_prompt_ends_a_turn_that_waits(alice: Asking) -> None:
    """Promise: docs/openai.md, a prompt to a session that waits for its client is a new turn."""
    first = alice.ask("tools", tools=WEATHER).json
    assert text_of(alice.ask("hello", previous_response_id=first["id"]).json) == "You said: hello"
    assert alice.ask(outputs(first, "wet", "dry")).status == 400
    assert alice.get(first["id"]).json == first


def test_a_key_of_another_request_is_refused_with_outputs_too(alice: Asking) -> None:
    """Promise: /docs, Idempotency-Key (another request with the key is refused)."""
    first = alice.ask("tools", tools=WEATHER).json
    key = {"Idempotency-Key": "k"}
    alice.ask("hello", headers=key)
    refused = alice.ask(outputs(first, "wet", "dry"), headers=key)
    assert (refused.status, refused.json["error"]["code"]) == (400, "idempotency_key_reused")
    assert text_of(alice.ask(outputs(first, "wet", "dry"), headers={"Idempotency-Key": "l"}).json)
