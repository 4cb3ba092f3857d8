"""The sources of the packages: fetched once by pip, checked against what is pinned, unpacked."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from bench.search.questions import Package

__all__ = ["SourcesError", "default_cache", "fetch", "unpack"]

_FETCH_SECONDS = 300


class SourcesError(Exception):
    """The sources of a package cannot be had; the message says why and what to do."""


def default_cache() -> Path:
    """Where source distributions are kept: below XDG_CACHE_HOME, or below `.cache` in the home directory."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "robocoders-bench"


def fetch(package: Package, cache: Path, environment: Mapping[str, str] | None = None) -> Path:
    """Return the source distribution of a package, from the cache or else from its registry.

    Args:
        package: What to fetch. pip compares the hash before it runs anything of what it fetched.
        cache: A folder; it is made where it is missing.
        environment: What pip runs in, for instance with the addresses of a mirror; this process's own if None.

    Raises:
        SourcesError: There is no pip, no connection, no such version, or its contents differ from what is pinned.
    """
    folder = cache / package.folder
    kept = _archive_in(folder)
    if kept is not None and _sha256(kept) == package.sha256:
        return kept
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", package.name, "--require-hashes")
    command = (*_pip(cache, environment), "download", *options, "--dest", str(folder), "--requirement", str(wanted))
    said = _run(command, environment)
    fetched = _archive_in(folder)
    if said is not None or fetched is None or _sha256(fetched) != package.sha256:
        shutil.rmtree(folder, ignore_errors=True)
        reason = said or "what came is not what is pinned"
        raise SourcesError(
            f"The sources of {package.name} {package.version} could not be fetched. They come from a package registry "
            f"through pip: is this machine offline? Unpacked sources can be named with --tree DIR. pip said: {reason}"
        )
    return fetched


def unpack(archive: Path, package: Package, folder: Path) -> Path:
    """Unpack a source distribution into `folder`, and return the package's root in there.

    Raises:
        SourcesError: It is no archive, it leads out of the folder, or it holds something else.
    """
    try:
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise SourcesError(f"{archive.name} cannot be unpacked: {error}") from error
    root = folder / package.folder
    if not root.is_dir():
        raise SourcesError(f"{archive.name} does not hold {package.folder}")
    return root


def _pip(cache: Path, environment: Mapping[str, str] | None) -> tuple[str, ...]:
    """How pip is called: this Python's own, or one in an environment of its own, where uv made this Python's."""
    if importlib.util.find_spec("pip") is not None:
        return (sys.executable, "-m", "pip")
    folder = cache / "pip"
    python = str(folder / "bin" / "python")
    if _run((python, "-m", "pip", "--version"), environment) is None:
        return (python, "-m", "pip")
    shutil.rmtree(folder, ignore_errors=True)
    made = _run((sys.executable, "-m", "venv", str(folder)), environment)
    if made is not None:
        shutil.rmtree(folder, ignore_errors=True)
        made = _run(("uv", "venv", "--quiet", "--no-project", "--seed", str(folder)), environment)
    if made is not None:
        raise SourcesError(f"pip is needed to fetch sources, and there is none: {made}")
    return (python, "-m", "pip")


def _run(command: tuple[str, ...], environment: Mapping[str, str] | None) -> str | None:
    """Return None where the command succeeds, else what it said last."""
    try:
        ended = subprocess.run(  # noqa: S603 - words of our own, and folders that the caller names
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if ended.returncode == 0:
        return None
    lines = (ended.stderr or ended.stdout).strip().splitlines()
    return " ".join(lines[-3:]) or f"exit status {ended.returncode}"


def _archive_in(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("*.tar.gz"))), None)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
