"""Where a database may lie: its directory, its permissions, and the file systems that would damage it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from robocoders.errors import ConfigurationError

__all__ = ["check_file_system", "make_private_directory", "make_private_file", "path_of"]

_NETWORK_FILE_SYSTEMS = frozenset(
    {
        "afs",
        "ceph",
        "cifs",
        "fuse.sshfs",
        "glusterfs",
        "fuse.glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)
_SCHEME = "sqlite:///"
_MOUNTS = Path("/proc/self/mountinfo")


def path_of(url: str) -> Path:
    """Return the file of a database address `sqlite:///PATH`; everything after the third slash is the path.

    Raises:
        ConfigurationError: Any other address. It may hold a password, so only its scheme is named.
    """
    path = url.removeprefix(_SCHEME)
    if path == url or path in ("", ":memory:"):
        scheme = url.partition(":")[0] if ":" in url else "none"
        raise ConfigurationError(
            f"the database address must have the form sqlite:///PATH (its scheme is {scheme!r}); "
            "other databases are not supported yet"
        )
    return Path(path).absolute()


def make_private_directory(directory: Path) -> None:
    """Make the directory with its parents, open to its owner alone; one that exists is left as it is.

    Raises:
        ConfigurationError: It cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the directory {directory} cannot be made ({error.strerror}): choose another data directory"
        ) from error


def make_private_file(path: Path) -> None:
    """Make an empty file that only its owner may read; one that exists is closed to everybody else.

    SQLite gives its companion files the permissions of the database.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def check_file_system(directory: Path, mounts: Path = _MOUNTS) -> None:
    """Refuse a directory on a network file system: SQLite's shared memory and locks do not work there.

    Args:
        directory: An existing directory.
        mounts: The kernel's list of mounts; where there is none nothing is refused.

    Raises:
        ConfigurationError: It lies on one of the known network file systems.
    """
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return
    kinds: dict[str, str] = {}
    for line in lines:
        # Fields as in proc(5): the mount point is the fifth, the type comes after a lone hyphen.
        fields, _, rest = line.partition(" - ")
        kinds[_unescape(fields.split(" ")[4])] = rest.split(" ")[0]
    real = directory.resolve()
    kind = next((kinds[str(place)] for place in (real, *real.parents) if str(place) in kinds), "")
    if kind in _NETWORK_FILE_SYSTEMS:
        raise ConfigurationError(
            f"{directory} lies on a network file system ({kind}), where SQLite loses data: "
            "choose a data directory on a local disk"
        )


def _unescape(mount_point: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), mount_point)
