from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders import ConfigurationError
from robocoders.client import places
from robocoders.client.configuration import Setting, read_user_file, remember, resolve, resolve_all, with_setting


def _write(text: str | bytes) -> Path:
    path = places.config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_setting_comes_from_flag_environment_file_or_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, environment (order: flag, environment, user file, default)."""
    assert resolve("model", default="offline") == Setting("model", "offline", "default")
    path = _write('model = "file"')
    assert resolve("model") == Setting("model", "file", "user file", str(path))
    monkeypatch.setenv("ROBOCODERS_MODEL", "variable")
    assert resolve("model") == Setting("model", "variable", "environment", "ROBOCODERS_MODEL")
    assert resolve("model", "flag") == Setting("model", "flag", "flag")


def test_an_empty_value_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, environment (an empty variable is as good as none)."""
    monkeypatch.setenv("ROBOCODERS_BASE_URL", "")
    _write('base_url = ""')
    assert resolve("base_url", "").value is None


def test_the_data_directory_has_a_default(home: Path) -> None:
    """Promise: README, places."""
    assert resolve("data_dir") == Setting("data_dir", str(home / ".local/share/robocoders"), "default")
    assert resolve("data_dir", default="/elsewhere").value == "/elsewhere"


def test_all_settings_are_listed_with_their_flags() -> None:
    """Promise: command line, `config show` says where each value came from."""
    found = {setting.name: setting.origin for setting in resolve_all({"model": "openai:NAME"})}
    assert found == dict.fromkeys(["base_url", "api_token", "model_url", "data_dir", "database_url"], "default") | {
        "model": "flag"
    }


def test_secrets_are_not_shown() -> None:
    """Promise: SECURITY, never a token in a repr; `config show` shows none."""
    token = resolve("api_token", "secret")
    database = resolve("database_url", "postgresql://me:secret@host/db")
    assert (token.shown, database.shown) == ("(set)", "postgresql://me@host/db")
    assert resolve("database_url", "sqlite:///x.db").shown == "sqlite:///x.db"
    assert (resolve("model").shown, resolve("model", "m").shown) == ("", "m")
    assert "secret" not in repr((token, database))


@pytest.mark.parametrize(
    ("content", "match"),
    [(b"model = ", "TOML"), (b"model = 3", "must be text"), (b'model = "\xff"', "UTF-8"), (None, "cannot be read")],
)
def test_a_file_that_cannot_be_used_is_named(content: bytes | None, match: str) -> None:
    """Promise: errors, ConfigurationError names what is wrong."""
    if content is None:
        places.config_file().mkdir(parents=True)
    else:
        _write(content)
    with pytest.raises(ConfigurationError, match=match) as caught:
        resolve("model")
    assert str(places.config_file()) in str(caught.value)


def test_a_setting_is_remembered_beside_the_others() -> None:
    """Promise: the choice of a model is remembered; the rest of the file stays."""
    path = remember("model", "openai:NAME")
    assert path.read_text() == 'model = "openai:NAME"\n'
    path.write_text('# mine\nbase_url = "http://h"\nmodel = "old"  # gone\nother = 1\n\n[table]\nmodel = 5\n')
    remember("model", "new")
    assert path.read_text() == '# mine\nbase_url = "http://h"\nmodel = "new"\nother = 1\n\n[table]\nmodel = 5\n'
    remember("data_dir", "/d")
    assert path.read_text().startswith('data_dir = "/d"\n# mine\n')
    assert path.stat().st_mode & 0o777 == 0o600


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_remembered(value: str) -> None:
    """Promise: TOML 1.0, strings."""
    assert tomllib.loads(with_setting("a = 1\n", "model", value)) == {"a": 1, "model": value}


@pytest.mark.parametrize("text", ['"model" = "a"\n', 'model = """\nlong\n"""\n', 'other = """\nmodel = "a"\n"""\n'])
def test_a_file_of_unusual_form_is_left_alone(text: str) -> None:
    """Promise: a user's file is never damaged."""
    path = _write(text)
    with pytest.raises(ConfigurationError, match="yourself"):
        remember("model", "b")
    assert path.read_text() == text


def test_a_place_that_cannot_be_written_is_named() -> None:
    """Promise: errors, ConfigurationError names what is wrong."""
    places.config_file().parent.parent.write_text("no directory")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        remember("model", "b")


def test_a_missing_file_has_no_settings(tmp_path: Path) -> None:
    """Promise: README, environment (the user file is optional)."""
    assert read_user_file(tmp_path / "none.toml") == {}
