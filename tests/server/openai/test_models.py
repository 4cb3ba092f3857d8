from __future__ import annotations

import pytest

from robocoders.wire.protocol import AGENT_NAMES
from tests.support.openai_chat import COMPLETIONS, body
from tests.support.service import RunningService


def test_the_agents_are_the_models(service: RunningService, token: str) -> None:
    """Fact: OpenAI's API reference, the objects `list` and `model`."""
    found = service.send("GET", "/v1/models", token=token).json
    assert found["object"] == "list"
    assert tuple(model["id"] for model in found["data"]) == AGENT_NAMES
    for model in found["data"]:
        assert set(model) == {"id", "object", "created", "owned_by"}
        assert service.send("GET", f"/v1/models/{model['id']}", token=token).json == model


def test_a_language_model_can_be_chosen_with_the_agent(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, models (`AGENT/PROVIDER:NAME`)."""
    for name in ("RepoAgent/offline", "RepoAgent/ollama:qwen3:8b"):
        assert service.send("GET", f"/v1/models/{name}", token=token).json["id"] == name
        assert service.send("GET", f"/v1/models/{name.replace('/', '%2F')}", token=token).json["id"] == name
        answer = service.send("POST", COMPLETIONS, token=token, body=body("hello") | {"model": name})
        assert answer.json["model"] == name
        assert (service.turns.seen[-1].agent, service.turns.seen[-1].model) == tuple(name.split("/", 1))
    assert service.send("POST", COMPLETIONS, token=token, body=body("hello")).status == 200
    assert service.turns.seen[-1].model == "offline"


@pytest.mark.parametrize(
    "name", ["gpt-4o", "repoagent", "RepoAgent/", "RepoAgent/nothing", "RepoAgent/no:body", "x/offline"]
)
def test_a_model_that_is_none_is_404(service: RunningService, token: str, name: str) -> None:
    """Fact: OpenAI answers `model_not_found` with 404."""
    shown = service.send("GET", f"/v1/models/{name}", token=token)
    asked = service.send("POST", COMPLETIONS, token=token, body=body("hello") | {"model": name})
    for answer in (shown, asked):
        assert answer.status == 404
        assert (answer.json["error"]["code"], answer.json["error"]["param"]) == ("model_not_found", "model")
    assert service.turns.seen == []
