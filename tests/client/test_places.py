from __future__ import annotations

import os
from pathlib import Path

import pytest

from robocoders.client import places
from robocoders.client.private_files import UntrustedFileError, make_private_directory, read_own, replace_file


def test_places_follow_the_platform(home: Path) -> None:
    """Promise: README, places (XDG and its equivalents)."""
    assert places.config_file() == home / ".config/robocoders/config.toml"
    assert places.data_dir() == home / ".local/share/robocoders"
    assert places.discovery_file() == home / ".local/state/robocoders/servers.json"
    assert places.credentials_file() == home / ".cache/robocoders/robocoders.json"
    assert places.leases_dir() == home / ".cache/robocoders/leases"


def test_variables_move_places_at_every_call(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, environment (ROBOCODERS_CONFIG, ROBOCODERS_DATA_DIR, XDG)."""
    monkeypatch.setenv("ROBOCODERS_CONFIG", "~/mine.toml")
    monkeypatch.setenv("ROBOCODERS_DATA_DIR", "/srv/robocoders")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "c"))
    assert places.config_file() == home / "mine.toml"
    assert places.data_dir() == Path("/srv/robocoders")
    assert places.cache_dir() == home / "c/robocoders"


def test_asking_for_places_creates_none(home: Path) -> None:
    """Promise: importing and asking does no work."""
    for place in (places.config_file, places.data_dir, places.state_dir, places.cache_dir):
        assert not place().exists()
    assert list(home.iterdir()) == []


def test_a_private_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Promise: files 0600 in directories 0700, atomic replace; a link is replaced and not followed."""
    target = tmp_path / "target"
    target.write_text("untouched")
    path = tmp_path / "new" / "file"
    make_private_directory(path.parent)
    path.symlink_to(target)
    replace_file(path, b"content")
    assert path.read_bytes() == b"content"
    assert not path.is_symlink()
    assert target.read_text() == "untouched"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_replacement_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """Promise: atomic replace."""
    path = tmp_path / "file"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError, match="directory"):
        replace_file(path, b"content")
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_what_others_may_change_is_not_read(tmp_path: Path) -> None:
    """Promise: a discovery or cache file counts only when it is the user's own."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    path.chmod(0o600)
    assert read_own(path, forbidden_mode=0o077) == b"content"
    path.chmod(0o640)
    with pytest.raises(UntrustedFileError, match="open to others"):
        read_own(path, forbidden_mode=0o077)
    assert read_own(path, forbidden_mode=0o022) == b"content"
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(OSError, match="symbolic"):
        read_own(link, forbidden_mode=0o022)
    with pytest.raises(UntrustedFileError, match="no regular file"):
        read_own(tmp_path, forbidden_mode=0o002)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(UntrustedFileError, match="no regular file"):
        read_own(tmp_path / "pipe", forbidden_mode=0o077)


def test_a_file_of_somebody_else_is_not_read(tmp_path: Path) -> None:
    """Promise: a discovery or cache file of somebody else is not believed."""
    path = Path("/etc/passwd")
    if os.geteuid() == 0:
        # Everything may belong to root here, so a file is given away.
        path = tmp_path / "file"
        path.touch(0o600)
        os.chown(path, 12345, 12345)
    with pytest.raises(UntrustedFileError, match="somebody else"):
        read_own(path, forbidden_mode=0o022)


def test_an_absurdly_large_file_is_not_read(tmp_path: Path) -> None:
    """Promise: no file makes the client use memory without bound."""
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    path.chmod(0o600)
    with pytest.raises(UntrustedFileError, match="larger"):
        read_own(path, forbidden_mode=0o077)
