"""Settings and where each came from: flag, environment, user file, default, in this order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from robocoders.client import places
from robocoders.client.private_files import locked_beside, replace_file
from robocoders.errors import ConfigurationError

__all__ = ["Origin", "Setting", "SettingName", "read_user_file", "remember", "resolve", "resolve_all", "with_setting"]

SettingName = Literal["base_url", "api_token", "model", "model_url", "data_dir", "database_url"]
"""The settings a user may fix. The same names are the keys of the user file."""

Origin = Literal["flag", "environment", "user file", "default"]
"""Where a value came from."""

_VARIABLES: dict[SettingName, str] = {
    "base_url": "ROBOCODERS_BASE_URL",
    "api_token": "ROBOCODERS_API_TOKEN",
    "model": "ROBOCODERS_MODEL",
    "model_url": "ROBOCODERS_MODEL_URL",
    "data_dir": "ROBOCODERS_DATA_DIR",
    "database_url": "ROBOCODERS_DATABASE_URL",
}


@dataclass(frozen=True)
class Setting:
    """One resolved setting.

    Args:
        name: Which setting.
        value: Its value; None where nobody named one and there is no default.
        origin: Which of the four places it came from.
        place: The variable's or file's name; empty for a flag or a default.
    """

    name: SettingName
    value: str | None = field(repr=False)
    origin: Origin
    place: str = ""

    @property
    def shown(self) -> str:
        """The value as it may be shown: a token not at all, an address without its password."""
        if self.value is None:
            return ""
        if self.name == "api_token":
            return "(set)"
        return _without_password(self.value) if self.name in ("base_url", "model_url", "database_url") else self.value


def resolve(name: SettingName, flag: str | None = None, *, default: str | None = None) -> Setting:
    """Find the value of one setting. An empty value counts as none.

    Args:
        name: Which setting.
        flag: What the command line or the caller gave.
        default: What holds when nobody names one; `data_dir` has a default of its own.

    Raises:
        ConfigurationError: The user file cannot be read or is no TOML, and it was needed.
    """
    if flag:
        return Setting(name, flag, "flag")
    variable = _VARIABLES[name]
    value = os.environ.get(variable)
    if value:
        return Setting(name, value, "environment", variable)
    path = places.config_file()
    value = read_user_file(path).get(name)
    if value:
        return Setting(name, value, "user file", str(path))
    if name == "data_dir" and default is None:
        default = str(places.data_dir())
    return Setting(name, default, "default")


def resolve_all(flags: Mapping[SettingName, str | None] | None = None) -> list[Setting]:
    """Every setting, in the order of `SettingName`.

    Raises:
        ConfigurationError: The user file cannot be read or is no TOML.
    """
    given = flags or {}
    return [resolve(name, given.get(name)) for name in get_args(SettingName)]


def read_user_file(path: Path) -> dict[str, str]:
    """The settings in a user file; empty when there is no such file. Unknown keys are ignored.

    Raises:
        ConfigurationError: It cannot be read, is no TOML, or a setting in it is no text.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"The settings in {path} cannot be read: {error.strerror or error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The settings in {path} are no valid TOML: {error}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"The settings in {path} are no UTF-8 text") from None
    settings: dict[str, str] = {}
    for name in _VARIABLES:
        value = content.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise ConfigurationError(f'The setting {name} in {path} must be text: {name} = "..."')
        settings[name] = value
    return settings


def remember(name: SettingName, value: str) -> Path:
    """Write one setting into the user file, which otherwise stays as it is, and return the file.

    Raises:
        ConfigurationError: The file cannot be read, changed or written.
    """
    path = places.config_file()
    try:
        with locked_beside(path):
            old = path.read_text(encoding="utf-8") if path.exists() else ""
            settings = read_user_file(path)
            new = with_setting(old, name, value)
            if tomllib.loads(new) != tomllib.loads(old) | {**settings, name: value}:
                raise ConfigurationError(f"Write {name} into {path} yourself: its form is too unusual to be changed")
            replace_file(path, new.encode())
    except tomllib.TOMLDecodeError:
        raise ConfigurationError(f"Write {name} into {path} yourself: its form is too unusual to be changed") from None
    except OSError as error:
        raise ConfigurationError(f"The settings in {path} cannot be written: {error.strerror or error}") from error
    return path


def with_setting(text: str, name: SettingName, value: str) -> str:
    """The text with the line of one setting replaced, or put first: below a table's head it would belong there."""
    line = f"{name} = {_toml_string(value)}\n"
    lines = text.splitlines(keepends=True)
    for number, old in enumerate(lines):
        if old.lstrip().startswith("["):
            break
        if old.partition("=")[0].strip() == name:
            return "".join([*lines[:number], line, *lines[number + 1 :]])
    return line + text


def _toml_string(value: str) -> str:
    escaped = "".join(
        f"\\U{ord(character):08X}" if character in '"\\\x7f' or ord(character) < 0x20 else character
        for character in value
    )
    return f'"{escaped}"'


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    account, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{account.partition(':')[0]}{at}{host}"
