from __future__ import annotations

import pytest
from pydantic_ai.exceptions import UserError

from robocoders.agents.models import ollama_address, resolve_model
from robocoders.agents.offline.model import OfflineModel
from robocoders.errors import ConfigurationError, MissingRequirementsError


def test_offline_is_a_model() -> None:
    """Promise: README, models: `offline` is the default and needs nothing."""
    assert isinstance(resolve_model("offline"), OfflineModel)


def test_other_models_are_named_as_the_library_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, models: pydantic-ai's notation."""
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-nobody")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-nobody")
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://127.0.0.1:9/v1")
    names = ["openai:gpt-x", "openai-chat:gpt-x", "anthropic:claude-x", "ollama:llama-x"]
    assert [resolve_model(name).model_name for name in names] == ["gpt-x", "gpt-x", "claude-x", "llama-x"]


@pytest.mark.parametrize(
    ("name", "mending"),
    [
        ("gpt-4", "Write `offline`, or `PROVIDER:NAME`"),
        ("", "Write `offline`"),
        ("openai:", "Write `offline`"),
        ("nobody:x", "No provider is called 'nobody'"),
        ("opena:gpt-5", "No provider is called 'opena'"),
        ("openai:gpt-x", "export OPENAI_API_KEY="),
        ("anthropic:claude-x", "export ANTHROPIC_API_KEY="),
    ],
)
def test_a_model_that_cannot_be_had_names_the_mending_line(name: str, mending: str) -> None:
    """Promise: README, models: an unknown name or a missing key says what to do about it."""
    with pytest.raises(ConfigurationError) as caught:
        resolve_model(name)
    assert mending in caught.value.message


@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:99", "http://box:99"),
        (":99", "http://127.0.0.1:99"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("[::]:99", "http://[::1]:99"),
        ("http://box", "http://box:80"),
        ("https://box/models/", "https://box:443/models"),
    ],
)
def test_ollama_is_reached_where_its_own_programs_reach_it(named: str, address: str) -> None:
    """Promise: docs/environment.md, OLLAMA_HOST; its forms are those of Ollama's documentation."""
    assert ollama_address({"OLLAMA_HOST": named}) == address


def test_an_ollama_model_needs_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, language models: what the command proposes can be used; OLLAMA_BASE_URL wins."""
    assert resolve_model("ollama:llama-x").base_url == "http://127.0.0.1:11434/v1/"
    monkeypatch.setenv("OLLAMA_HOST", "box:99")
    assert resolve_model("ollama:llama-x").base_url == "http://box:99/v1/"
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://other:1/v1")
    assert resolve_model("ollama:llama-x").base_url == "http://other:1/v1/"


@pytest.mark.parametrize("named", ["http://[", "box:port"])
def test_an_ollama_host_that_is_no_address_is_named(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: ARCHITECTURE, errors: what cannot be used is named, without a traceback."""
    monkeypatch.setenv("OLLAMA_HOST", named)
    with pytest.raises(ConfigurationError, match="OLLAMA_HOST"):
        resolve_model("ollama:llama-x")


def test_a_missing_library_names_the_line_that_installs_it() -> None:
    """Promise: README, models: a missing library says what to install."""
    with pytest.raises(MissingRequirementsError, match=r"pip install 'pydantic-ai-slim\[groq\]'"):
        resolve_model("groq:x")


def test_a_refusal_keeps_its_cause() -> None:
    """Promise: ARCHITECTURE, errors: foreign errors are translated once and keep their cause."""
    with pytest.raises(ConfigurationError) as caught:
        resolve_model("openai:gpt-x")
    assert isinstance(caught.value.__cause__, UserError)
