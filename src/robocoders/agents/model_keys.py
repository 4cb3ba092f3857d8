"""The keys of language models: the variables that hold them, or name a file that does.

A key is read when its model is made, for each turn anew, and handed to the provider's library; it is put nowhere else,
not even into this process's own environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from robocoders.errors import ConfigurationError

__all__ = ["COMPATIBLE", "key_for", "key_variables"]

COMPATIBLE = "openai-compatible"
"""The provider that stands for any address which speaks OpenAI's chat completions."""

_LARGEST_FILE_BYTES = 65_536

_OPENAI = ("OPENAI_API_KEY",)
_GOOGLE = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
_BEDROCK = ("AWS_BEARER_TOKEN_BEDROCK",)

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    # Source: the providers of pydantic-ai 2.68 and what each reads from the environment, in its order.
    "alibaba": ("ALIBABA_API_KEY", "DASHSCOPE_API_KEY"),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "azure": ("AZURE_OPENAI_API_KEY",),
    "azure-responses": ("AZURE_OPENAI_API_KEY",),
    "bedrock": _BEDROCK,
    "bedrock-mantle": _BEDROCK,
    "cerebras": ("CEREBRAS_API_KEY",),
    "cohere": ("CO_API_KEY",),
    "crusoe": ("CRUSOE_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks": ("FIREWORKS_API_KEY",),
    "github-copilot": ("GITHUB_COPILOT_API_KEY", "GITHUB_COPILOT_API_TOKEN", "COPILOT_GITHUB_TOKEN"),
    "google": _GOOGLE,
    # Not google-cloud: its credentials are a file already, and they come before a key.
    "google-decisions": _GOOGLE,
    "groq": ("GROQ_API_KEY",),
    "heroku": ("HEROKU_INFERENCE_KEY",),
    "huggingface": ("HF_TOKEN",),
    "litellm": ("LITELLM_API_KEY",),
    "meta": ("META_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "moonshotai": ("MOONSHOTAI_API_KEY",),
    "nebius": ("NEBIUS_API_KEY",),
    "ollama": ("OLLAMA_API_KEY",),
    "openai": _OPENAI,
    "openai-chat": _OPENAI,
    "openai-decisions": _OPENAI,
    "openai-responses": _OPENAI,
    # Not OPENAI_API_KEY: that one belongs to OpenAI, and the address may be anybody's.
    COMPATIBLE: ("ROBOCODERS_MODEL_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "ovhcloud": ("OVHCLOUD_API_KEY",),
    "sambanova": ("SAMBANOVA_API_KEY",),
    "snowflake": ("SNOWFLAKE_TOKEN",),
    "system-one": ("SYSTEM_ONE_API_KEY",),
    "together": ("TOGETHER_API_KEY",),
    "typesafe": ("TYPESAFE_API_KEY",),
    "vercel": ("VERCEL_AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"),
    "vllm": ("VLLM_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "zai": ("ZAI_API_KEY",),
}

_GATEWAY = ("PYDANTIC_AI_GATEWAY_API_KEY", "PAIG_API_KEY")


def key_variables(provider: str) -> tuple[str, ...]:
    """The variables that may hold the key of a provider, the first one first; each has a variant with `_FILE`."""
    return _GATEWAY if provider.startswith("gateway/") else _VARIABLES.get(provider, ())


def key_for(provider: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key of a provider, without the white space around it; None where there is none.

    A variable wins over a file that `VARIABLE_FILE` names; an empty one counts as missing.

    Raises:
        ConfigurationError: The file cannot be read, or what is there cannot be a key. The text names the variable and
            the file, never what is in them.
    """
    variables = key_variables(provider)
    for name in variables:
        if key := environment.get(name, "").strip():
            return _checked(key, name)
    for name in variables:
        if path := environment.get(f"{name}_FILE", ""):
            return _checked(_content(path, f"{name}_FILE"), f"{name}_FILE")
    return None


def _content(path: str, variable: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path that names nothing must raise OSError here, too
            content = file.read(_LARGEST_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is no path"
        raise ConfigurationError(f"{variable} names a file that cannot be read: {path}: {cause}.") from error
    return content.decode("utf-8", "replace").strip()


def _checked(key: str, variable: str) -> str:
    if not key:
        raise ConfigurationError(f"The file that {variable} names is empty.")
    # What is sent as an HTTP header (RFC 9110): a library that finds something else there quotes it in its error.
    if len(key) > _LARGEST_FILE_BYTES or not all("!" <= character <= "~" for character in key):
        raise ConfigurationError(
            f"What {variable} gives is no key: a key is one word of plain characters. Is something else in it?"
        )
    return key
