from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.exceptions import UserError

from robocoders.agents.model_keys import key_for
from robocoders.agents.models import ollama_address, resolve_model
from robocoders.agents.offline.model import OfflineModel
from robocoders.agents.patient_model import PatientModel
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
        ("openai:gpt-x", "export OPENAI_API_KEY=...` (or put it into a file and `export OPENAI_API_KEY_FILE=PATH`)"),
        ("anthropic:claude-x", "export ANTHROPIC_API_KEY="),
        ("heroku:x", "export HEROKU_INFERENCE_KEY="),
        ("snowflake:x", "export SNOWFLAKE_ACCOUNT=...`."),
        ("gateway/openai:x", "export PYDANTIC_AI_GATEWAY_API_KEY="),
        ("openai-codex:x", "codex login"),
        ("voyageai:x", "no language models"),
        ("openai-compatible:x", "--model-url http://HOST:PORT/v1"),
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


@pytest.mark.parametrize(
    ("provider", "extra"),
    [
        ("groq", "groq"),
        ("google", "google"),
        ("google-cloud", "google"),
        ("bedrock", "bedrock"),
        ("mistral", "mistral"),
        ("cohere", "cohere"),
        ("huggingface", "huggingface"),
        ("xai", "xai"),
        ("gateway/bedrock", "bedrock"),
    ],
)
def test_a_missing_library_names_the_line_that_installs_it(
    provider: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: README, models: a missing library says what to install."""
    monkeypatch.setenv("PYDANTIC_AI_GATEWAY_API_KEY", "pylf_v1_us_key-of-nobody")
    with pytest.raises(MissingRequirementsError, match=rf"pip install 'pydantic-ai-slim\[{extra}\]'"):
        resolve_model(f"{provider}:x")


@pytest.mark.parametrize(
    ("name", "given", "kind"),
    [
        ("openai:x", "OPENAI_API_KEY", "OpenAIResponsesModel"),
        ("openai-responses:x", "OPENAI_API_KEY", "OpenAIResponsesModel"),
        ("openai-chat:x", "OPENAI_API_KEY", "OpenAIChatModel"),
        ("anthropic:x", "ANTHROPIC_API_KEY", "AnthropicModel"),
        ("deepseek:x", "DEEPSEEK_API_KEY", "OpenAIChatModel"),
        ("openrouter:x/y", "OPENROUTER_API_KEY", "OpenRouterModel"),
        ("vercel:x/y", "VERCEL_OIDC_TOKEN", "OpenAIChatModel"),
        ("cerebras:x", "CEREBRAS_API_KEY", "CerebrasModel"),
        ("crusoe:x", "CRUSOE_API_KEY", "CrusoeModel"),
        ("moonshotai:x", "MOONSHOTAI_API_KEY", "OpenAIChatModel"),
        ("meta:x", "META_API_KEY", "OpenAIResponsesModel"),
        ("fireworks:x", "FIREWORKS_API_KEY", "OpenAIChatModel"),
        ("together:x", "TOGETHER_API_KEY", "OpenAIChatModel"),
        ("heroku:x", "HEROKU_INFERENCE_KEY", "OpenAIChatModel"),
        ("nebius:x/y", "NEBIUS_API_KEY", "OpenAIChatModel"),
        ("ovhcloud:x", "OVHCLOUD_API_KEY", "OpenAIChatModel"),
        ("alibaba:x", "DASHSCOPE_API_KEY", "OpenAIChatModel"),
        ("sambanova:x", "SAMBANOVA_API_KEY", "OpenAIChatModel"),
        ("zai:x", "ZAI_API_KEY", "ZaiModel"),
        ("litellm:x", "LITELLM_API_KEY", "OpenAIChatModel"),
        ("gateway/anthropic:x", "PAIG_API_KEY", "AnthropicModel"),
    ],
)
@pytest.mark.parametrize("from_file", [False, True])
def test_every_provider_takes_its_key_from_its_variable_or_a_file(
    name: str, given: str, kind: str, *, from_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: docs/environment.md: keys come from the usual variables and their variants with _FILE."""
    key = "pylf_v1_us_key-of-nobody"
    if from_file:
        (tmp_path / "key").write_text(f"  {key}\n")
        monkeypatch.setenv(f"{given}_FILE", str(tmp_path / "key"))
    else:
        monkeypatch.setenv(given, f"{key} ")
    model = resolve_model(name)
    assert isinstance(model, PatientModel)
    assert type(model.wrapped).__name__ == kind
    client: Any = getattr(model, "client", None)
    assert key in {client.api_key, getattr(client, "auth_token", None)}
    assert key not in repr(model) + repr(model.wrapped) + repr(client)
    assert not from_file or key not in "".join(os.environ.values())


def test_a_key_itself_wins_over_a_file(tmp_path: Path) -> None:
    """Promise: docs/environment.md: the variable itself wins."""
    (tmp_path / "key").write_text("of-the-file")
    file = {"OPENAI_API_KEY_FILE": str(tmp_path / "key")}
    assert key_for("openai", {**file, "OPENAI_API_KEY": "itself"}) == "itself"
    assert key_for("openai", {**file, "OPENAI_API_KEY": " "}) == "of-the-file"
    assert key_for("openai", {}) is None


def test_a_key_is_read_from_its_file_when_it_is_used(tmp_path: Path) -> None:
    """Promise: docs/environment.md: read when a turn begins, so that a changed key needs no restart."""
    file = tmp_path / "key"
    file.write_text("first")
    environment = {"OPENAI_API_KEY_FILE": str(file)}
    assert key_for("openai", environment) == "first"
    file.write_text("second")
    assert key_for("openai", environment) == "second"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "names a file that cannot be read"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"KEY=sk-secret-of-nobody other", "is no key"),
        (b"sk-secret\nsk-secret-of-nobody", "is no key"),
        (b"sk-secret-of-nobody\xff", "is no key"),
        ("sk-secret-of-nobody-ключ".encode(), "is no key"),
        (b"sk-secret-of-nobody" * 10_000, "is no key"),
    ],
)
def test_a_file_that_holds_no_key_is_named_without_what_is_in_it(
    content: bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: ARCHITECTURE, invariant 7: no key is in an error."""
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(ConfigurationError) as caught:
        resolve_model("openai:gpt-x")
    assert said in caught.value.message
    assert "OPENAI_API_KEY_FILE" in caught.value.message
    assert "sk-secret" not in repr(caught.value) + str(caught.value.__cause__)


def test_a_path_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: ARCHITECTURE, errors: what cannot be used is named, without a traceback."""
    with pytest.raises(ConfigurationError, match="it is no path"):
        key_for("openai", {"OPENAI_API_KEY_FILE": "a\0b"})


def test_an_empty_key_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, models: a missing key says what to do about it."""
    monkeypatch.setenv("OPENAI_API_KEY", "")
    with pytest.raises(ConfigurationError, match="export OPENAI_API_KEY"):
        resolve_model("openai:gpt-x")


@pytest.mark.parametrize(
    ("name", "system", "model_name", "kind"),
    [
        ("qwen", "openai-compatible", "qwen", "OpenAIChatModel"),
        ("qwen:7b", "openai-compatible", "qwen:7b", "OpenAIChatModel"),
        ("openai-compatible:qwen:7b", "openai-compatible", "qwen:7b", "OpenAIChatModel"),
        ("openai-chat:gpt-x", "openai-compatible", "gpt-x", "OpenAIChatModel"),
        ("openai:gpt-x", "openai-compatible", "gpt-x", "OpenAIResponsesModel"),
        ("ollama:llama-x", "ollama", "llama-x", "OllamaModel"),
        ("vllm:x", "vllm", "x", "OpenAIChatModel"),
        ("litellm:x", "litellm", "x", "OpenAIChatModel"),
    ],
)
def test_a_model_is_reached_at_the_address_that_is_given(
    name: str, system: str, model_name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: docs/environment.md: ROBOCODERS_MODEL_URL; a key of OpenAI is never sent to another address."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    model = resolve_model(name, "http://127.0.0.1:9/v1/")
    assert isinstance(model, PatientModel)
    assert (model.system, model.model_name, type(model.wrapped).__name__) == (system, model_name, kind)
    assert model.base_url == "http://127.0.0.1:9/v1/"
    client: Any = getattr(model, "client", None)
    assert client.api_key != "sk-of-openai"


def test_the_address_has_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/environment.md: ROBOCODERS_MODEL_API_KEY."""
    monkeypatch.setenv("ROBOCODERS_MODEL_API_KEY", "key-of-nobody")
    client: Any = getattr(resolve_model("qwen", "http://127.0.0.1:9/v1"), "client", None)
    assert client.api_key == "key-of-nobody"


def test_other_models_stay_where_their_provider_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/environment.md: the address concerns models that speak OpenAI's dialects."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-nobody")
    assert "anthropic.com" in (resolve_model("anthropic:claude-x", "http://127.0.0.1:9/v1").base_url or "")
    assert isinstance(resolve_model("offline", "http://127.0.0.1:9/v1"), OfflineModel)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:9", "ftp://host/v1", "http://", "http://[", "http://h:x/", "http://h/?a=b", "http://h/#a"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Promise: ARCHITECTURE, errors: what cannot be used is named, without a traceback."""
    with pytest.raises(ConfigurationError, match="address is none"):
        resolve_model("qwen", url)


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    """Promise: ARCHITECTURE, invariant 7: no key is in an error, nor in what is shown of a setting."""
    with pytest.raises(ConfigurationError, match="ROBOCODERS_MODEL_API_KEY") as caught:
        resolve_model("qwen", "http://user:sk-secret@host/v1")
    assert "sk-secret" not in repr(caught.value)


def test_a_refusal_keeps_its_cause() -> None:
    """Promise: ARCHITECTURE, errors: foreign errors are translated once and keep their cause."""
    with pytest.raises(ConfigurationError) as caught:
        resolve_model("openai:gpt-x")
    assert isinstance(caught.value.__cause__, UserError)
