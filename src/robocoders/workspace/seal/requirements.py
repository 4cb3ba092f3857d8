"""What sealing needs of a machine, and what to do where it is missing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from robocoders.errors import SealError
from robocoders.workspace.seal.seccomp import MACHINES

__all__ = ["Unavailable", "bubblewrap", "explain_failure", "kernel_counts_by_namespace", "unavailable"]

_BWRAP = "bwrap"
_OLDEST = (0, 6)
"""The first bubblewrap with `--size`."""
_PROBE_SECONDS = 20
_INSTALL = {
    "debian": "apt install bubblewrap",
    "ubuntu": "apt install bubblewrap",
    "fedora": "dnf install bubblewrap",
    "rhel": "dnf install bubblewrap",
    "suse": "zypper install bubblewrap",
    "arch": "pacman -S bubblewrap",
    "alpine": "apk add bubblewrap",
    "nixos": "nix-env -iA nixos.bubblewrap",
}
_BARE = "run it in a throw-away container with --sandbox none"


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why commands cannot be sealed.

    Args:
        cause: What is in the way.
        mend: What to do about it, on one line.
    """

    cause: str
    mend: str

    def error(self) -> SealError:
        """The refusal of a command."""
        message = f"Commands cannot be sealed off on this machine, so none is run: {self.cause}. Mend: {self.mend}"
        return SealError(message, cause=self.cause, mend=self.mend)


def unavailable() -> Unavailable | None:
    """Why commands cannot be sealed here, None where they can. Starts bubblewrap once to see."""
    return _missing() or _refused()


def bubblewrap() -> str:
    """The path of bubblewrap.

    Raises:
        SealError: It is not installed.
    """
    found = shutil.which(_BWRAP)
    if found is None:
        raise (_missing() or _not_installed()).error()
    return found


def explain_failure(said: str) -> SealError:
    """The error for a seal that did not start.

    Args:
        said: What bubblewrap or the supervisor said.
    """
    found = unavailable()
    if found is not None:
        return found.error()
    cause = said or "the program inside of the seal did not start"
    return Unavailable(cause, "`robocoders doctor` says what this machine lacks").error()


def kernel_counts_by_namespace() -> bool:
    """Whether RLIMIT_NPROC counts the processes of a user namespace alone (Linux 5.14), not all of the user's."""
    return _version(platform.release()) >= (5, 14)


def _missing() -> Unavailable | None:
    if sys.platform != "linux":
        return Unavailable(f"sealing needs Linux, not {sys.platform}", "run the server in a Linux virtual machine")
    machine = os.uname().machine
    if machine not in MACHINES:
        return Unavailable(f"there is no filter on system calls for {machine} yet", _BARE)
    path = shutil.which(_BWRAP)
    if path is None:
        return _not_installed()
    said = _output([path, "--version"])
    if _version(said) < _OLDEST:
        return Unavailable(f"bubblewrap is too old ({said.strip()}; 0.6 or newer is needed)", _install())
    return None


def _not_installed() -> Unavailable:
    return Unavailable("bubblewrap (the command bwrap) is not installed", _install())


def _refused() -> Unavailable | None:
    words = [
        bubblewrap(),
        "--unshare-user",
        "--unshare-all",
        "--die-with-parent",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
    ]
    try:
        probe = subprocess.run(  # noqa: S603 -- the words are ours
            [*words, "--dev", "/dev", "--", "/bin/sh", "-c", ":"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            env={},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Unavailable(f"bubblewrap does not run: {error}", _install())
    if probe.returncode == 0:
        return None
    said = probe.stderr.decode(errors="replace").strip().removeprefix("bwrap: ")
    return Unavailable(f"the system refuses bubblewrap its namespaces ({said})", _permission())


def _permission() -> str:
    """The line that lets bubblewrap make user namespaces here."""
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1" and os.geteuid() != 0:
        return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (or an AppArmor profile for bwrap)"
    if _setting("kernel/unprivileged_userns_clone") == "0" and os.geteuid() != 0:
        return "sysctl -w kernel.unprivileged_userns_clone=1"
    if _setting("user/max_user_namespaces") == "0":
        return "sysctl -w user.max_user_namespaces=15000"
    options = " ".join(f"--security-opt {name}=unconfined" for name in ("seccomp", "apparmor", "systempaths"))
    return f"in a container, start it with {options}, or {_BARE}"


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _install() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    return next((_INSTALL[name] for name in names if name in _INSTALL), "install the package bubblewrap")


def _output(words: list[str]) -> str:
    try:
        found = subprocess.run(words, capture_output=True, timeout=_PROBE_SECONDS, check=False)  # noqa: S603 -- the words are ours
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.decode(errors="replace")


def _version(text: str) -> tuple[int, int]:
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
