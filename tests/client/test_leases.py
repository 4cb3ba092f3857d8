from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from robocoders.client.leases import SessionLease

ROOT = Path(__file__).resolve().parents[2]
SERVER = "http://127.0.0.1:8760"


def test_a_session_has_one_lease_at_a_time(tmp_path: Path) -> None:
    """Promise: a cached sid is leased by a lock; whoever finds it leased uses a session of its own."""
    lease = SessionLease.take(tmp_path, SERVER, "one")
    assert lease is not None
    assert SessionLease.take(tmp_path, SERVER + "/", "one") is None
    with SessionLease.take(tmp_path, SERVER, "two") or lease as other:
        assert other is not lease
    lease.release()
    lease.release()
    again = SessionLease.take(tmp_path, SERVER, "one")
    assert again is not None
    again.release()


def test_a_released_lease_does_not_release_its_successor(tmp_path: Path) -> None:
    """Promise: a lease is given back once."""
    first = SessionLease.take(tmp_path, SERVER, "one")
    assert first is not None
    first.release()
    second = SessionLease.take(tmp_path, SERVER, "one")
    assert second is not None
    first.release()
    assert SessionLease.take(tmp_path, SERVER, "one") is None
    second.release()


def test_the_lock_file_does_not_name_the_session(tmp_path: Path) -> None:
    """Promise: SECURITY, files 0600; the session's id is no file name."""
    lease = SessionLease.take(tmp_path / "leases", SERVER, "a-session-id")
    assert lease is not None
    (file,) = (tmp_path / "leases").iterdir()
    assert "a-session-id" not in file.name
    assert file.stat().st_mode & 0o777 == 0o600
    lease.release()


def test_a_lease_holds_where_no_file_can_be_made(tmp_path: Path) -> None:
    """Promise: an unwritable place means working without a cache; two tasks still share no session."""
    place = tmp_path / "occupied"
    place.write_text("no directory")
    lease = SessionLease.take(place, SERVER, "one")
    assert lease is not None
    assert SessionLease.take(place, SERVER, "one") is None
    lease.release()
    again = SessionLease.take(place, SERVER, "one")
    assert again is not None
    again.release()


_CHILD = """
import sys
from pathlib import Path
from robocoders.client.leases import SessionLease
lease = SessionLease.take(Path(sys.argv[1]), sys.argv[2], "one")
print("taken" if lease else "leased", flush=True)
sys.stdin.read(1)
"""


def _child(tmp_path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _CHILD, str(tmp_path), SERVER]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)


def test_a_lease_holds_across_processes_and_ends_with_its_own(tmp_path: Path) -> None:
    """Promise: a cached sid is leased by a lock, another process included, however that process ends."""
    with _child(tmp_path) as first, _child(tmp_path) as second:
        assert first.stdout is not None
        assert second.stdout is not None
        assert {first.stdout.readline(), second.stdout.readline()} == {b"taken\n", b"leased\n"}
        assert SessionLease.take(tmp_path, SERVER, "one") is None
        first.kill()
        second.kill()
        first.wait()
        second.wait()
    lease = SessionLease.take(tmp_path, SERVER, "one")
    assert lease is not None
    lease.release()
