from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from robocoders.errors import ConfigurationError, StoreError
from robocoders.store import Store
from robocoders.store.connections import make_engine
from robocoders.store.opening import make_database, prepare_database, upgrade_database
from robocoders.store.places import check_file_system
from robocoders.store.schema import HEAD_REVISION, KNOWN_REVISIONS, metadata
from tests.store.scenes import end, looking_into, open_turn, session_row, url_of, whole_log

_MIGRATIONS = Path(sys.modules["robocoders.store.opening"].__file__ or "").with_name("migrations")


def _schema(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that SQLite knows of a database's tables, apart from the text they were made with."""
    with sqlite3.connect(database) as connection:
        names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        indexes = [
            str(row[0])
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name")
        ]
        found: dict[str, list[tuple[object, ...]]] = {}
        for name in names:
            for pragma in ("table_xinfo", "foreign_key_list"):
                found[f"{pragma} {name}"] = connection.execute(f'PRAGMA {pragma}("{name}")').fetchall()
            # In no order: that in which indexes were made means nothing.
            found[f"index_list {name}"] = sorted(
                tuple(row[1:]) for row in connection.execute(f'PRAGMA index_list("{name}")')
            )
        for name in indexes:
            found[f"index {name}"] = [
                *connection.execute(f'PRAGMA index_xinfo("{name}")'),
                *connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)),
            ]
        found["revision"] = connection.execute("SELECT * FROM alembic_version").fetchall()
    connection.close()
    return found


def test_a_new_database_equals_a_migrated_one(tmp_path: Path) -> None:
    """Promise: ARCHITECTURE, store: a new database is made directly, and is what the migrations would have made."""
    made, migrated = tmp_path / "made.db", tmp_path / "migrated.db"
    make_database(made)
    migrated.touch()
    prepare_database(migrated)
    assert _schema(made) == _schema(migrated)
    assert _schema(made)["revision"] == [(HEAD_REVISION,)]


def test_the_tables_in_code_are_those_of_the_migrations(tmp_path: Path) -> None:
    """Promise: ARCHITECTURE, store: numbered migrations leave the very schema that the code works with."""
    database = tmp_path / "migrated.db"
    database.touch()
    prepare_database(database)
    with looking_into(database) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_every_migration_is_known_to_the_fast_query() -> None:
    """Promise: ARCHITECTURE, store: a version query decides whether there is anything to migrate."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == HEAD_REVISION
    assert {script.revision for script in scripts.walk_revisions()} == set(KNOWN_REVISIONS)


def test_making_and_opening_a_database_need_no_migration_tool(database: Path) -> None:
    """Promise: README, serve: it answers within a second and a half, so migrations cost only those who need them."""
    program = (
        "import asyncio, sys\n"
        "from robocoders.store import Store\n"
        "async def main():\n"
        "    for _ in range(2):\n"
        "        await (await Store.open(sys.argv[1])).close()\n"
        "asyncio.run(main())\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, url_of(database)], timeout=60, check=False)
    assert done.returncode == 0


async def test_a_database_that_is_older_is_migrated_and_keeps_what_it_has(database: Path) -> None:
    """Promise: README, upgrades: an older database is migrated at the next start."""
    database.parent.mkdir()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    connection.close()
    store = await Store.open(url_of(database))
    await store.get_or_create_session(session_row())
    await store.close()
    assert _schema(database)["revision"] == [(HEAD_REVISION,)]


def test_a_database_that_another_process_has_migrated_meanwhile_is_left_alone(database: Path) -> None:
    """Promise: ours: two that find an older database at once migrate it once."""
    database.parent.mkdir()
    make_database(database)
    before = _schema(database)
    engine = make_engine(database, "writer", connections=1)
    upgrade_database(engine, database)
    engine.dispose()
    assert _schema(database) == before


async def test_a_reopened_database_has_all_that_was_written(database: Path) -> None:
    """Promise: README, serve: sessions and events survive a restart."""
    store = await Store.open(url_of(database))
    turn = await open_turn(store)
    await end(store, turn)
    await store.close()
    store = await Store.open(url_of(database))
    ended = await store.turn(turn.id)
    assert ended is not None
    assert (ended.state, ended.reason, ended.usage, ended.cost_micro_usd) == ("ended", "finished", {"requests": 2}, 7)
    assert [event.id for event in await whole_log(store)] == [1]
    await store.close()


async def test_a_newer_database_is_refused_by_its_revision(database: Path) -> None:
    """Promise: README, upgrades: a database from a newer version is left alone."""
    await (await Store.open(url_of(database))).close()
    with looking_into(database) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9042'")
    with pytest.raises(ConfigurationError, match=r"newer version of robocoders \(revision 9042"):
        await Store.open(url_of(database))


async def test_a_database_of_another_program_is_refused(database: Path) -> None:
    """Promise: ours: nothing is written into a database that is not ours."""
    database.parent.mkdir()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(ConfigurationError, match="another program"):
        await Store.open(url_of(database))


def test_a_file_that_is_no_database_is_refused_and_kept(database: Path) -> None:
    """Promise: ours: a damaged file is named, with what to do, and is not overwritten."""
    database.parent.mkdir()
    database.write_bytes(b"This is a letter, not a database. " * 100)
    with pytest.raises(StoreError, match=r"damaged or no database \(SQLITE_NOTADB\): put a backup"):
        asyncio.run(Store.open(url_of(database)))
    assert database.read_bytes().startswith(b"This is a letter")


@pytest.mark.parametrize("place", ["/proc/robocoders.db", "/proc/nowhere/robocoders.db", "/dev/null/robocoders.db"])
async def test_a_place_that_cannot_be_written_is_named_with_what_to_do(place: str) -> None:
    """Promise: README, serve: a data directory that is not writable is a configuration error."""
    with pytest.raises(ConfigurationError, match="choose another data directory"):
        await Store.open(f"sqlite:///{place}")


def test_a_directory_in_the_place_of_the_database_is_refused(database: Path) -> None:
    """Promise: ours: the error of the operating system is told as one that says what to do."""
    database.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="Is a directory"):
        asyncio.run(Store.open(url_of(database)))


@pytest.mark.parametrize(
    "url", ["postgresql://ada:sesame@db/robocoders", "sqlite://", "sqlite:///", "sqlite:///:memory:", "robocoders.db"]
)
async def test_an_address_of_another_form_is_refused_without_telling_its_password(url: str) -> None:
    """Promise: SECURITY: no secret in an error; ROBOCODERS_DATABASE_URL may hold a password."""
    with pytest.raises(ConfigurationError, match="sqlite:///PATH") as caught:
        await Store.open(url)
    assert "sesame" not in str(caught.value)


async def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """Promise: ours: what follows sqlite:/// is a path, whatever characters it has."""
    database = tmp_path / "50% of a #1? ünit" / "robo coders.db"
    store = await Store.open(url_of(database))
    assert store.path == database
    await store.close()
    assert database.is_file()


async def test_only_the_owner_can_read_the_data(database: Path) -> None:
    """Promise: SECURITY: the database and its companions have mode 0600, a directory made for them 0700."""
    store = await Store.open(url_of(database))
    await open_turn(store)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()}
    assert modes == dict.fromkeys((f"robocoders.db{end}" for end in ("", "-wal", "-shm", "-reserve")), 0o600)
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700
    await store.close()


async def _open_and_close(database: Path) -> None:
    await (await Store.open(url_of(database))).close()


def test_a_database_open_to_others_is_closed_to_them(database: Path) -> None:
    """Promise: SECURITY: the database has mode 0600, however it came to its place."""
    asyncio.run(_open_and_close(database))
    database.chmod(0o644)
    asyncio.run(_open_and_close(database))
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_a_commit_waits_for_the_disk_and_readers_never_wait(database: Path) -> None:
    """Promise: ARCHITECTURE, store: WAL with synchronous FULL, so that an acknowledged event survives a power cut."""
    database.parent.mkdir()
    prepare_database(database)
    with looking_into(database) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    reader = make_engine(database, "reader", connections=1)
    with reader.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA query_only").scalar_one() == 1
    reader.dispose()


async def test_eight_that_open_at_once_share_one_database(database: Path) -> None:
    """Promise: ours: of several processes that start at once one makes the database, and all use it."""
    stores = await asyncio.gather(*(Store.open(url_of(database)) for _ in range(8)))
    made = await asyncio.gather(*(store.setting("signing_key", uuid4().hex.upper) for store in stores))
    assert len(set(made)) == 1
    for store in stores:
        await store.close()
    assert [path.name for path in database.parent.iterdir() if path.name.startswith(".")] == []


async def test_a_database_appears_only_when_it_is_whole(database: Path) -> None:
    """Promise: ours: of a database that could not be made nothing stays behind, and one that is there stays."""
    store = await Store.open(url_of(database))
    await store.setting("signing_key", lambda: "first")
    await store.close()
    make_database(database)
    store = await Store.open(url_of(database))
    assert await store.setting("signing_key", lambda: "second") == "first"
    await store.close()
    assert {path.name for path in database.parent.iterdir()} == {"robocoders.db", "robocoders.db-reserve"}


_MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:44 / /srv/team\\040files rw,relatime - nfs4 nas:/team rw,vers=4.2
41 40 254:1 / /srv/team\\040files/local rw - xfs /dev/vdb rw
"""


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    """Promise: README, serve: SQLite loses data on network file systems, so they are refused."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(_MOUNTS)
    with pytest.raises(ConfigurationError, match=r"network file system \(nfs4\).*local disk"):
        check_file_system(Path("/srv/team files/robocoders"), mounts)


def test_a_local_file_system_is_fine_wherever_it_is_mounted(tmp_path: Path) -> None:
    """Promise: README, serve: any local disk will do."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(_MOUNTS)
    check_file_system(Path("/srv/team files/local/robocoders"), mounts)
    check_file_system(Path("/srv/ada"), mounts)
    check_file_system(Path("/srv/ada"), tmp_path / "no such list")
    check_file_system(tmp_path)
