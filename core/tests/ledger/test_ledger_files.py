from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from rosterbus.errors import ConfigError, RetriableError, RosterbusError
from rosterbus.ledger import Ledger, migrations, store
from rosterbus.ledger.shares import refuse_network_share
from sqlalchemy import Connection, inspect, text

NEXT = migrations.VERSION + 1
posix = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@posix
def test_every_file_is_private_even_where_the_umask_is_open(tmp_path, open_umask):
    with Ledger(tmp_path / "a" / "state") as ledger, ledger.lock("s3://b/f", "springfield"):
        ledger.runs.begin("springfield", "run")
        found = {path.relative_to(tmp_path).as_posix(): mode(path) for path in (tmp_path / "a").rglob("*")}
    files = {name: bits for name, bits in found.items() if (tmp_path / name).suffix or "-" in name}
    assert {Path(name).name for name in found} >= {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}
    assert set(files.values()) == {0o600}
    assert mode(tmp_path / "a" / "state") == mode(tmp_path / "a" / "state" / "locks") == 0o700


def test_writes_are_synced_in_full_to_a_write_ahead_log(ledger):
    with ledger._store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_a_second_opening_finds_what_the_first_wrote(tmp_path):
    with Ledger(tmp_path / "state") as ledger:
        run = ledger.runs.begin("springfield", "run")
    with Ledger(tmp_path / "state") as ledger:
        assert ledger.runs.get(run).pipeline == "springfield"


def test_a_newer_ledger_is_refused_and_left_as_it_is(tmp_path):
    Ledger(tmp_path / "state").close()
    file = tmp_path / "state" / "ledger.sqlite"
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("UPDATE schema_version SET version = 99")
        plain.commit()
    with pytest.raises(
        ConfigError, match=rf"newer rosterbus.*found schema version 99; allowed: up to {NEXT - 1}"
    ):
        Ledger(tmp_path / "state")
    with closing(sqlite3.connect(file)) as plain:
        assert plain.execute("SELECT version FROM schema_version").fetchall() == [(99,)]


def test_an_older_ledger_climbs_every_step_in_order(ledger):
    def add(column: str) -> migrations.Step:
        def step(connection: Connection) -> None:
            connection.execute(text(f"ALTER TABLE runs ADD COLUMN {column} TEXT"))

        return step

    with ledger._store.write() as connection:
        steps = {NEXT: add("second"), NEXT + 1: add("third")}
        migrations.bring_up_to_date(connection, NEXT + 1, steps=steps)
    with ledger._store.read() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("runs")]
        assert connection.execute(text("SELECT version FROM schema_version")).scalars().all() == [NEXT + 1]
    assert columns[-2:] == ["second", "third"]


def test_a_step_that_fails_leaves_the_older_ledger_whole(ledger):
    def fail(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE runs ADD COLUMN half TEXT"))
        raise ArithmeticError

    with pytest.raises(ArithmeticError), ledger._store.write() as connection:
        migrations.bring_up_to_date(connection, NEXT, steps={NEXT: fail})
    with ledger._store.read() as connection:
        assert "half" not in [column["name"] for column in inspect(connection).get_columns("runs")]
        assert connection.execute(text("SELECT version FROM schema_version")).scalars().all() == [NEXT - 1]


def test_a_ledger_of_the_first_version_keeps_its_extracts_and_can_point_to_mirrors(tmp_path):
    with Ledger(tmp_path / "state") as ledger:
        ledger.sources.accept("springfield", state={"sha256": "1"})
    with closing(sqlite3.connect(tmp_path / "state" / "ledger.sqlite")) as plain:
        plain.execute("ALTER TABLE extracts DROP COLUMN mirror")
        plain.execute("UPDATE schema_version SET version = 1")
        plain.commit()
    with Ledger(tmp_path / "state") as ledger:
        climbed = ledger.sources.current("springfield")
        assert (climbed.state, climbed.mirror) == ({"sha256": "1"}, None)
        ledger.sources.accept("springfield", state={"sha256": "2"}, mirror=Path("mirror/springfield/1"))
        assert ledger.sources.current("springfield").mirror == Path("mirror/springfield/1")


def test_every_version_after_the_first_has_its_step():
    assert set(migrations.STEPS) == set(range(2, migrations.VERSION + 1))


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "ledger.sqlite").write_bytes(b"sourcedId,givenName\n" * 100)
    with pytest.raises(ConfigError, match=r"ledger\.sqlite: the ledger is damaged: file is not a database"):
        Ledger(state)


def test_a_ledger_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "state" / "ledger.sqlite").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"ledger\.sqlite: the ledger cannot be written"):
        Ledger(tmp_path / "state")


def test_a_busy_ledger_asks_to_come_back_later(tmp_path, monkeypatch):
    Ledger(tmp_path / "state").close()
    monkeypatch.setattr(store, "BUSY_SECONDS", 0)
    with closing(sqlite3.connect(tmp_path / "state" / "ledger.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RetriableError, match="kept busy by another process"):
            Ledger(tmp_path / "state")


def test_a_failed_statement_shows_no_values(ledger, road):
    plan = road.plan(pipeline="someone@example.org")
    with pytest.raises(RosterbusError, match="UNIQUE constraint failed") as caught:
        ledger.plans.record(plan)
    assert "someone" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert ledger._store.engine.hide_parameters


def mount_list(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "mounts"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs"])
def test_a_network_share_is_refused(tmp_path, kind):
    share = tmp_path / "district share"
    escaped = str(share).replace(" ", r"\040")
    mounts = mount_list(tmp_path, "/dev/sda1 / ext4 rw 0 0", f"nas:/export {escaped} {kind} rw 0 0")
    with pytest.raises(ConfigError, match=f"network share.*found {kind}"):
        refuse_network_share(share / "rosterbus", mounts=mounts)


def test_a_local_disk_is_taken_wherever_it_is_mounted(tmp_path):
    lines = ("/dev/sda1 / ext4 rw 0 0", "nas:/export /export nfs4 rw 0 0", f"/dev/sdb1 {tmp_path} xfs rw 0 0")
    refuse_network_share(tmp_path / "state", mounts=mount_list(tmp_path, *lines))


def test_a_local_disk_mounted_over_a_share_is_taken(tmp_path):
    lines = (f"nas:/export {tmp_path} nfs4 rw 0 0", f"/dev/sdb1 {tmp_path} xfs rw 0 0")
    refuse_network_share(tmp_path / "state", mounts=mount_list(tmp_path, *lines))


def test_a_system_without_a_mount_list_is_taken(tmp_path):
    refuse_network_share(tmp_path, mounts=tmp_path / "none")
