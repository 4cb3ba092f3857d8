from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

import pytest

import robocoders
from robocoders import RobocodersAPI, models
from robocoders.errors import ConfigurationError
from robocoders.providers.base_provider import AsyncGeneratorProvider, ProviderModelMixin
from robocoders.typing import AsyncResult, Messages
from tests.providers.asking import HELLO
from tests.standin.server import StandIn

STATIC = {
    "_get_or_create_access_and_session": ["session"],
    "_fetch_and_cache_access_token": ["session"],
    "_create_and_cache_session": ["session", "access_token"],
    "_save_cached_data": ["new_data"],
    "_update_cached_data": ["updated_data"],
    "_clear_cached_data": [],
    "_get_cached_data": [],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("label", "API Robocoders AI"),
        ("url", "https://api.robocoders.ai/docs"),
        ("api_endpoint", "https://api.robocoders.ai/chat"),
        ("working", False),
        ("supports_message_history", True),
        ("default_model", "GeneralCodingAgent"),
        ("agent", ["GeneralCodingAgent", "RepoAgent", "FrontEndAgent"]),
        ("models", ["GeneralCodingAgent", "RepoAgent", "FrontEndAgent"]),
    ],
)
def test_each_attribute_has_its_documented_value(name: str, value: object) -> None:
    """Promise: the provider's documentation, table of attributes."""
    assert getattr(RobocodersAPI, name) == value


def test_the_cache_lies_in_the_users_own_cache_directory(home: Path) -> None:
    """Promise: the provider's documentation, CACHE_DIR and CACHE_FILE are paths."""
    assert (Path(home) / ".cache" / "robocoders") == RobocodersAPI.CACHE_DIR
    assert RobocodersAPI.CACHE_DIR / "robocoders.json" == RobocodersAPI.CACHE_FILE
    assert isinstance(RobocodersAPI.CACHE_DIR, Path)
    assert RobocodersAPI().CACHE_FILE == RobocodersAPI.CACHE_FILE


def test_it_is_a_generator_provider_with_models() -> None:
    """Promise: the provider's documentation, what the class inherits."""
    assert issubclass(RobocodersAPI, AsyncGeneratorProvider)
    assert issubclass(RobocodersAPI, ProviderModelMixin)


def test_the_generator_method_has_its_documented_signature() -> None:
    """Promise: the provider's documentation, create_async_generator."""
    signature = inspect.signature(RobocodersAPI.create_async_generator)
    assert [(p.name, p.kind.name, p.default) for p in signature.parameters.values()] == [
        ("model", "POSITIONAL_OR_KEYWORD", inspect.Parameter.empty),
        ("messages", "POSITIONAL_OR_KEYWORD", inspect.Parameter.empty),
        ("proxy", "POSITIONAL_OR_KEYWORD", None),
        ("kwargs", "VAR_KEYWORD", inspect.Parameter.empty),
    ]
    hints = get_type_hints(RobocodersAPI.create_async_generator)
    assert (hints["model"], hints["messages"], hints["proxy"], hints["return"]) == (str, Messages, str, AsyncResult)


def test_it_is_a_class_method_and_a_native_asynchronous_generator() -> None:
    """Promise: the provider's documentation, create_async_generator."""
    assert inspect.isasyncgenfunction(RobocodersAPI.create_async_generator)
    assert isinstance(inspect.getattr_static(RobocodersAPI, "create_async_generator"), classmethod)


@pytest.mark.parametrize("name", STATIC)
def test_static_methods_stay_static(name: str) -> None:
    """Promise: the provider's documentation, the methods are static and take what they are said to take."""
    assert isinstance(inspect.getattr_static(RobocodersAPI, name), staticmethod)
    for holder in (RobocodersAPI, RobocodersAPI()):
        assert list(inspect.signature(getattr(holder, name)).parameters) == STATIC[name]
    is_async = name in list(STATIC)[:3]
    assert inspect.iscoroutinefunction(getattr(RobocodersAPI, name)) is is_async


@pytest.mark.parametrize("name", ["create_async_generator", *STATIC])
def test_each_method_says_what_it_takes_gives_and_raises(name: str) -> None:
    """Promise: the provider's documentation, all eight methods have docstrings."""
    text = inspect.getdoc(getattr(RobocodersAPI, name)) or ""
    assert ("Args:" in text) == (STATIC.get(name) != [])
    gives = name.startswith(("create_async", "_get", "_fetch", "_create"))
    assert ("Returns:" in text) == gives
    assert "rais" in text.lower()


async def test_nothing_happens_before_the_first_step(server: StandIn, tmp_path: Path) -> None:
    """Promise: the provider's guide, an answer that nobody reads costs nothing."""
    proxy = "this is no proxy"
    generator: Any = RobocodersAPI.create_async_generator("no such agent", HELLO, proxy, base_url=server.url)
    assert inspect.isasyncgen(generator)
    await generator.aclose()
    assert server.seen == []
    assert not RobocodersAPI.CACHE_DIR.exists()


def test_importing_the_provider_loads_no_http_library() -> None:
    """Promise: the provider's guide, importing does no work."""
    program = (
        "import sys, robocoders.models, robocoders.providers.RobocodersAPI as module\n"
        "assert module.RobocodersAPI.models\n"
        "print([name for name in ('aiohttp', 'bs4', 'filelock', 'platformdirs') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_both_ways_to_import_it_lead_to_one_class() -> None:
    """Promise: the provider's documentation, the module path its users expect; the package does not hide it."""
    module = importlib.import_module("robocoders.providers").RobocodersAPI
    assert inspect.ismodule(module)
    assert robocoders.RobocodersAPI is module.RobocodersAPI is RobocodersAPI


def test_every_agent_is_a_model_with_its_provider() -> None:
    """Promise: the provider's documentation, Model and GENERAL; one model an agent."""
    assert [models.GENERAL.name, models.REPO.name, models.FRONT_END.name] == RobocodersAPI.models
    assert list(models.MODELS) == RobocodersAPI.models
    assert {model.best_provider for model in models.MODELS.values()} == {RobocodersAPI}
    assert models.Model("Other", "Somebody").best_provider is None
    assert models.GENERAL.base_provider == "Robocoders"


def test_an_empty_model_is_the_default_and_an_unknown_one_is_refused_with_the_list() -> None:
    """Promise: the provider's documentation, get_model."""
    assert RobocodersAPI.get_model("") == "GeneralCodingAgent"
    assert RobocodersAPI.get_model("RepoAgent") == "RepoAgent"
    with pytest.raises(ConfigurationError, match=r"'gpt'.*GeneralCodingAgent, RepoAgent, FrontEndAgent"):
        RobocodersAPI.get_model("gpt")


def test_get_models_gives_a_list_of_ones_own() -> None:
    """Promise: the provider's documentation, get_models."""

    class WithoutList(RobocodersAPI):
        models: ClassVar[list[str]] = []

    RobocodersAPI.get_models().clear()
    assert RobocodersAPI.get_models() == RobocodersAPI.models
    assert WithoutList.get_models() == ["GeneralCodingAgent"]


def test_a_provider_has_to_write_its_generator() -> None:
    """Promise: the provider's documentation, AsyncGeneratorProvider is a base."""
    with pytest.raises(NotImplementedError):
        AsyncGeneratorProvider.create_async_generator("", HELLO)
