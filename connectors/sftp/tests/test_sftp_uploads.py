"""What an upload promises, on two servers that nobody can take for one another."""

from __future__ import annotations

import asyncssh
import pytest
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus_sftp import connect


def test_an_upload_arrives_whole_under_its_name_alone(place, roster):
    with connect(place.values) as remote:
        evidence = remote.put(roster, f"{place.root}/students.csv")
        assert remote.names(place.root or "/") == {"students.csv": roster.stat().st_size}
    assert (place.home / "students.csv").read_bytes() == roster.read_bytes()
    assert evidence["verified"] == "content"
    assert evidence["bytes"] == roster.stat().st_size


def test_an_upload_done_twice_writes_once(place, roster):
    target = place.home / "students.csv"
    with connect(place.values) as remote:
        first = remote.put(roster, f"{place.root}/students.csv")
        before = target.stat()
        assert remote.put(roster, f"{place.root}/students.csv") == first
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_empty_file_arrives(place, tmp_path):
    empty = tmp_path / "guardians.csv"
    empty.touch()
    with connect(place.values) as remote:
        remote.put(empty, f"{place.root}/guardians.csv")
        assert remote.size(f"{place.root}/guardians.csv") == 0


def test_another_file_of_that_name_is_left_alone(place, roster):
    (place.home / "students.csv").write_text("theirs", encoding="utf-8")
    with connect(place.values) as remote:
        with pytest.raises(ConnectorError, match="exists already with other content; it was left alone"):
            remote.put(roster, f"{place.root}/students.csv")
        with pytest.raises(ConnectorError, match="left alone"):
            remote.put(roster, f"{place.root}/students.csv", rename=False)
    assert (place.home / "students.csv").read_text(encoding="utf-8") == "theirs"


def test_another_file_of_that_name_is_replaced_in_one_step_where_that_is_wanted(place, roster):
    (place.home / "students.csv").write_text("yesterday's", encoding="utf-8")
    with connect(place.values) as remote:
        remote.put(roster, f"{place.root}/students.csv", replace=True)
    assert (place.home / "students.csv").read_bytes() == roster.read_bytes()


@pytest.mark.parametrize("rename", [True, False])
def test_what_arrived_before_an_interruption_is_kept(place, roster, rename):
    part = place.home / ("students.csv.part" if rename else "students.csv")
    part.write_bytes(roster.read_bytes()[:1_000_000])
    started: list[int] = []
    with connect(place.values) as remote:
        remote.put(
            roster, f"{place.root}/students.csv", rename=rename, progress=lambda at, _: started.append(at)
        )
    assert started[0] == 1_000_000
    assert started[-1] == roster.stat().st_size
    assert (place.home / "students.csv").read_bytes() == roster.read_bytes()


@pytest.mark.parametrize("length", [1_000, 3_000_000])
def test_a_part_of_another_file_is_not_continued(place, roster, length):
    (place.home / "students.csv.part").write_bytes(b"x" * length)
    with connect(place.values) as remote:
        remote.put(roster, f"{place.root}/students.csv")
    assert (place.home / "students.csv").read_bytes() == roster.read_bytes()


def test_a_whole_part_is_only_renamed(place, roster):
    part = place.home / "students.csv.part"
    part.write_bytes(roster.read_bytes())
    inode = part.stat().st_ino
    with connect(place.values) as remote:
        remote.put(roster, f"{place.root}/students.csv")
    assert (place.home / "students.csv").stat().st_ino == inode


def test_a_file_that_changed_since_it_was_planned_is_not_sent(place, roster):
    with (
        connect(place.values) as remote,
        pytest.raises(ConnectorError, match="no longer the file that was planned"),
    ):
        remote.put(roster, f"{place.root}/students.csv", sha256="00" * 32)
    assert list(place.home.iterdir()) == []


def test_a_delivery_goes_to_its_names_and_may_be_sent_again(place, roster, tmp_path, deliver):
    guardians = tmp_path / "guardians.csv"
    guardians.write_text("id\n", encoding="utf-8")
    delivery = deliver(roster, guardians, to=f"{place.root}/20261120-210400")
    with connect(place.values) as remote:
        evidence = remote.put_all(delivery)
        remote.mark(f"{place.root}/20261120-210400/COMPLETE")
    with connect(place.values) as remote:
        assert remote.put_all(delivery) == evidence
        remote.mark(f"{place.root}/20261120-210400/COMPLETE")
        assert remote.folders(place.root or "/") == ["20261120-210400"]
    assert [file["sha256"] for file in evidence["files"]] == [file.sha256 for file in delivery.files]
    assert {file.name for file in (place.home / "20261120-210400").iterdir()} == {
        "students.csv",
        "guardians.csv",
        "COMPLETE",
    }
    assert ("students.csv", roster.stat().st_size, roster.stat().st_size) in delivery.told


def test_a_marker_never_takes_the_place_of_a_file(place):
    (place.home / "COMPLETE").write_text("not empty", encoding="utf-8")
    with (
        connect(place.values) as remote,
        pytest.raises(ConnectorError, match="is no marker: it holds 9 bytes"),
    ):
        remote.mark(f"{place.root}/COMPLETE")


def test_the_folder_above_must_be_there(place, roster):
    with connect(place.values) as remote:
        with pytest.raises(ConnectorError, match="no such file or folder"):
            remote.put(roster, f"{place.root}/nowhere/students.csv")
        with pytest.raises(ConnectorError, match="making the folder"):
            remote.make_folder(f"{place.root}/nowhere/below")


def test_looking_tells_files_from_folders_and_from_nothing(place):
    (place.home / "epoch").mkdir()
    (place.home / "file.csv").write_bytes(b"abc")
    with connect(place.values) as remote:
        root = place.root or "/"
        assert remote.names(root) == {"file.csv": 3}
        assert remote.folders(root) == ["epoch"]
        assert (remote.exists(f"{place.root}/epoch"), remote.is_folder(f"{place.root}/epoch")) == (True, True)
        assert (remote.exists(f"{place.root}/no"), remote.size(f"{place.root}/no")) == (False, None)
        with pytest.raises(ConnectorError, match="no such file or folder"):
            remote.names(f"{place.root}/no")


def test_a_remote_file_reads_from_anywhere_in_it(place, roster):
    (place.home / "students.csv").write_bytes(roster.read_bytes())
    with connect(place.values) as remote, remote.open(f"{place.root}/students.csv") as file:
        whole = roster.read_bytes()
        assert file.read() == whole
        file.seek(-10, 2)
        assert file.read() == whole[-10:]
        file.seek(1_500_001)
        assert file.read(70_000) == whole[1_500_001:1_570_001]


def test_plain_rename_is_tried_first_because_it_replaces_nothing(server, load, roster):
    with connect(load()) as remote:
        remote.put(roster, "/students.csv")
        remote.put(roster, "/other.csv", replace=True)
    assert server.verbs("rename", "posix-rename") == [
        ("rename", "/students.csv"),
        ("posix-rename", "/other.csv"),
    ]


def test_without_posix_rename_a_new_name_works_and_a_taken_one_is_an_error(server, load, roster):
    server.faults.no_posix_rename = True
    (server.home() / "old.csv").write_text("old", encoding="utf-8")
    with connect(load()) as remote:
        remote.put(roster, "/new.csv", replace=True)
        with pytest.raises(ConnectorError, match="it cannot replace a file"):
            remote.put(roster, "/old.csv", replace=True)
    assert (server.home() / "old.csv").read_text(encoding="utf-8") == "old"


def test_where_nothing_may_be_renamed_the_setting_is_named(server, load, roster):
    server.faults.no_rename = True
    with connect(load()) as remote, pytest.raises(ConnectorError, match="write `rename = false`"):
        remote.put(roster, "/students.csv")
    with connect(load(rename=False)) as remote:
        remote.put(roster, "/straight.csv")
    assert (server.home() / "straight.csv").read_bytes() == roster.read_bytes()


def test_where_nobody_may_read_the_size_is_the_proof(server, load, roster):
    server.faults.write_only = True
    with connect(load()) as remote:
        assert remote.put(roster, "/students.csv")["verified"] == "size"
        assert remote.put(roster, "/students.csv")["verified"] == "size"
        with pytest.raises(ConnectorError, match="has no permission"):
            remote.read("/students.csv")


def test_a_part_that_nobody_may_read_is_sent_anew(server, load, roster):
    server.faults.write_only = True
    (server.home() / "students.csv.part").write_bytes(b"x" * 1_000)
    with connect(load()) as remote:
        remote.put(roster, "/students.csv")
    assert (server.home() / "students.csv").read_bytes() == roster.read_bytes()


def test_bytes_damaged_on_the_way_never_get_their_name(server, load, roster, monkeypatch):
    honest = asyncssh.SFTPServer.write
    monkeypatch.setattr(
        asyncssh.SFTPServer, "write", lambda disk, file, at, data: honest(disk, file, at, data[:-1] + b"?")
    )
    with connect(load()) as remote, pytest.raises(RetriableError, match=r"came back .* with other content"):
        remote.put(roster, "/students.csv")
    assert not (server.home() / "students.csv").exists()


def test_a_cut_connection_is_continued_by_the_next_call(server, load, roster):
    server.faults.cut_after = 1_000_000
    with (
        connect(load()) as remote,
        pytest.raises(RetriableError, match=r"the connection to .* was lost while writing"),
    ):
        remote.put(roster, "/students.csv")
    server.faults.cut_after = None
    arrived = server.written
    with connect(load()) as remote:
        remote.put(roster, "/students.csv")
    assert arrived >= 1_000_000
    assert server.written == roster.stat().st_size
    assert (server.home() / "students.csv").read_bytes() == roster.read_bytes()


@pytest.mark.parametrize("write_only", [False, True])
def test_a_full_disk_is_an_error_that_a_later_run_gets_over(server, load, roster, write_only):
    server.faults.full_after, server.faults.write_only = 500_000, write_only
    with connect(load()) as remote, pytest.raises(RetriableError, match="disk or quota may be full"):
        remote.put(roster, "/students.csv")
    assert not (server.home() / "students.csv").exists()
    server.faults.full_after = None
    with connect(load()) as remote:
        remote.put(roster, "/students.csv")
    assert (server.home() / "students.csv").read_bytes() == roster.read_bytes()


def test_a_marker_whose_answer_was_lost_is_found_by_the_next_call(server, load):
    server.faults.drop_after = "COMPLETE"
    with connect(load()) as remote, pytest.raises(RetriableError, match="lost while creating /COMPLETE"):
        remote.mark("/COMPLETE")
    server.faults.drop_after = ""
    with connect(load()) as remote:
        remote.mark("/COMPLETE")
    assert server.verbs("create") == [("create", "/COMPLETE")]


def test_nothing_is_ever_removed(server, load, roster):
    (server.home() / "students.csv.part").write_bytes(b"x" * 3_000_000)
    (server.home() / "old.csv").write_text("old", encoding="utf-8")
    with connect(load()) as remote:
        remote.put(roster, "/students.csv")
        remote.put(roster, "/old.csv", replace=True)
    assert server.verbs("remove", "rmdir") == []
