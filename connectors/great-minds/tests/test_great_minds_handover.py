"""A folder is handed over whole or not at all, here and on a server, whatever interrupts it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from great_minds_kit import class_, staff, student
from rosterbus.deliveries import Delivery, Done, Handed, NotStarted, Partly, StagedFile, Unsure
from rosterbus.errors import ConnectorError, RetriableError, RosterbusError
from rosterbus.settings import Values
from rosterbus_great_minds import address, load, reconcile
from rosterbus_sftp.server import Faults, SFTPServer

FOLDER = "20261120-210405"


@pytest.fixture
def files(stage: Callable[..., StagedFile]) -> list[StagedFile]:
    return [
        stage("students", [student(1), student(2)]),
        stage("students", [student(3)], school="0102"),
        stage("staff", [staff(1)]),
        stage("classes", [class_(1)]),
    ]


@pytest.fixture(params=["here", "sftp"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Values, Path]:
    """Settings that lead to a place, and the same folder on this machine."""
    if request.param == "here":
        return request.getfixturevalue("here")(), tmp_path / "handover"
    server: SFTPServer = request.getfixturevalue("quiet")
    return request.getfixturevalue("over_sftp")(), server.home() / tmp_path.name


Deliver = Callable[..., Delivery]


def contents(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def test_every_part_is_there_with_its_steps_and_waits_for_a_person(
    place: tuple[Values, Path], deliver: Deliver, files: list[StagedFile]
) -> None:
    settings, root = place
    delivery = deliver(settings, files)
    answer = load(delivery, settings)
    assert isinstance(answer, Handed)
    assert answer.where.endswith(f"/{FOLDER}")
    found = contents(root)
    assert [name for name in sorted(found) if name.endswith(".csv")] == list(delivery.addressed.files)
    assert [found[name] for name in delivery.addressed.files] == [file.path.read_bytes() for file in files]
    steps = found[f"{FOLDER}/STEPS.txt"].decode()
    assert steps == "".join(f"{number}. {step}\n" for number, step in enumerate(answer.steps, start=1))
    order = [
        steps.index(part) for part in ("01-students-0101", "02-students-0102", "03-staff-0101", "04-classes")
    ]
    assert order == sorted(order)
    assert "Choose North (school 0101), open Students and upload 01-students-0101/" in steps
    assert [one["sha256"] for one in answer.evidence["files"]] == [file.sha256 for file in files]


@pytest.mark.skipif(os.name != "posix", reason="modes of files mean nothing there")
def test_what_lies_here_is_its_owners_alone_and_a_folder_that_was_there_keeps_its_rights(
    here: Callable[..., Values], deliver: Deliver, files: list[StagedFile], tmp_path: Path
) -> None:
    root = tmp_path / "handover"
    root.mkdir()
    root.chmod(0o750)
    load(deliver(here(), files), here())
    assert stat.S_IMODE(root.stat().st_mode) == 0o750
    modes = {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*")}
    assert modes == {0o600, 0o700}


def test_a_folder_has_a_second_of_its_own(
    here: Callable[..., Values], deliver: Deliver, files: list[StagedFile]
) -> None:
    first = deliver(here(), files).addressed
    taken = {first.marker, f"{FOLDER[:-1]}6/STEPS.txt"}
    assert (
        deliver(here(), files, is_taken=lambda name: name in taken).addressed.marker
        == f"{FOLDER[:-1]}7/STEPS.txt"
    )


def test_schools_whose_ids_look_alike_have_folders_of_their_own(
    here: Callable[..., Values], deliver: Deliver, stage: Callable[..., StagedFile]
) -> None:
    schools = ["a/b", "a b", "A-B", "..", "ä"]
    delivery = deliver(here(), [stage("students", [student(1)], school=school) for school in schools])
    parts = [name.split("/")[1] for name in delivery.addressed.files]
    assert parts == ["01-students-a-b", "02-students-a-b", "03-students-A-B", "04-students", "05-students"]


def test_an_address_knows_the_place_and_no_secret(
    place: tuple[Values, Path], deliver: Deliver, files: list[StagedFile]
) -> None:
    settings, root = place
    target = address(deliver(settings, files), settings).target
    assert target.endswith(root.name)
    assert target.startswith(("file://", "sftp://district@127.0.0.1:"))


def interrupted(delivery: Delivery, settings: Values, *, sent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """`load` ends right before or right after it has declared that it sends."""

    class StopError(Exception): ...

    def stop() -> None:
        delivery.was_sent = sent
        raise StopError

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "mark_sent", stop)
        with pytest.raises(StopError):
            load(delivery, settings)


@pytest.mark.parametrize("sent", [False, True])
def test_what_was_interrupted_is_nobodys_to_upload_and_is_finished(
    place: tuple[Values, Path], deliver: Deliver, files: list[StagedFile], sent: bool, monkeypatch: Any
) -> None:
    settings, root = place
    delivery = deliver(settings, files)
    assert isinstance(reconcile(delivery, settings), NotStarted)
    interrupted(delivery, settings, sent=sent, monkeypatch=monkeypatch)
    assert [path.name for path in root.iterdir()] == [f".{FOLDER}.part"]
    assert isinstance(reconcile(delivery, settings), Partly)
    assert isinstance(load(delivery, settings), Handed)
    assert [path.name for path in root.iterdir()] == [FOLDER]
    assert len(contents(root)) == len(files) + 1


def test_handing_over_again_tells_the_same_steps_and_writes_nothing(
    place: tuple[Values, Path], deliver: Deliver, files: list[StagedFile]
) -> None:
    settings, root = place
    delivery = deliver(settings, files)
    first = load(delivery, settings)
    edited = root / FOLDER / "01-students-0101" / "great-minds-student-upload.csv"
    edited.write_bytes(b"edited by the person who uploads")
    assert isinstance(reconcile(delivery, settings), Partly)
    assert load(delivery, settings) == first
    assert edited.read_bytes() == b"edited by the person who uploads"


def test_a_folder_that_somebody_else_made_is_left_alone(
    place: tuple[Values, Path], deliver: Deliver, files: list[StagedFile]
) -> None:
    settings, root = place
    (root / FOLDER).mkdir(parents=True)
    delivery = deliver(settings, files)
    for answer in (reconcile(delivery, settings), load(delivery, settings)):
        assert isinstance(answer, Unsure)
        assert "made by somebody else" in answer.why
    assert contents(root) == {}


def test_a_folder_that_is_gone_is_held_since_it_may_have_been_uploaded(
    place: tuple[Values, Path], deliver: Deliver, files: list[StagedFile]
) -> None:
    settings, root = place
    delivery = deliver(settings, files)
    load(delivery, settings)
    (root / FOLDER).rename(root.parent / f"{root.name}-uploaded")
    answer = reconcile(delivery, settings)
    assert isinstance(answer, Unsure)
    assert "nobody said whether its files were uploaded" in answer.why
    delivery.state = "confirmed"
    assert isinstance(reconcile(delivery, settings), Done)


def test_a_staged_file_that_was_changed_is_not_handed_over(
    place: tuple[Values, Path], deliver: Deliver, files: list[StagedFile]
) -> None:
    settings, root = place
    delivery = deliver(settings, files)
    files[-1].path.write_bytes(b"changed")
    with pytest.raises(ConnectorError, match="plan again"):
        load(delivery, settings)
    assert not (root / FOLDER).exists()
    assert not delivery.was_sent


def test_a_disk_that_is_full_here_is_told_and_the_next_run_goes_on(
    here: Callable[..., Values], deliver: Deliver, files: list[StagedFile], tmp_path: Path, monkeypatch: Any
) -> None:
    delivery, real = deliver(here(), files), os.fsync
    written: list[int] = []

    def full(handle: int) -> None:
        written.append(handle)
        if len(written) > 3:
            raise OSError(28, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RetriableError, match="No space left on device; see that"):
            load(delivery, here())
    assert isinstance(reconcile(delivery, here()), Partly)
    assert isinstance(load(delivery, here()), Handed)
    assert len(contents(tmp_path / "handover")) == len(files) + 1


def test_a_folder_that_cannot_be_made_is_told(
    deliver: Deliver, files: list[StagedFile], here: Callable[..., Values], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    settings = here(location=str(tmp_path / "file" / "handover"))
    with pytest.raises(RetriableError, match="cannot be"):
        load(deliver(settings, files), settings)


def sizes(files: Sequence[StagedFile]) -> int:
    return sum(file.bytes for file in files)


@pytest.mark.parametrize("fault", ["cut_after", "full_after"])
def test_a_server_that_goes_or_is_full_in_the_middle_is_finished_later(
    quiet: SFTPServer, over_sftp: Callable[..., Values], deliver: Deliver, files: list[StagedFile],
    fault: str, tmp_path: Path,
) -> None:  # fmt: skip
    settings = over_sftp()
    delivery = deliver(settings, files)
    setattr(quiet.faults, fault, quiet.written + sizes(files) // 2)
    with pytest.raises(RetriableError):
        load(delivery, settings)
    quiet.faults = Faults()
    assert not delivery.was_sent
    assert isinstance(reconcile(delivery, settings), Partly)
    assert isinstance(load(delivery, settings), Handed)
    assert len(contents(quiet.home() / tmp_path.name)) == len(files) + 1


def test_an_answer_that_was_lost_after_the_last_step_is_found_out(
    quiet: SFTPServer,
    over_sftp: Callable[..., Values],
    deliver: Deliver,
    files: list[StagedFile],
    monkeypatch: Any,
) -> None:
    import rosterbus_great_minds.places as places

    settings = over_sftp()
    delivery, rename = deliver(settings, files), places.RemotePlace.rename

    def lost(place: Any, name: str, to: str) -> None:
        rename(place, name, to)
        raise RetriableError("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(places.RemotePlace, "rename", lost)
        with pytest.raises(RetriableError):
            load(delivery, settings)
    assert isinstance(reconcile(delivery, settings), Partly)
    assert isinstance(load(delivery, settings), Handed)


@pytest.mark.parametrize("known", ["another", "none"])
def test_not_a_byte_goes_to_a_server_whose_host_key_is_not_the_pinned_one(
    quiet: SFTPServer, over_sftp: Callable[..., Values], deliver: Deliver, files: list[StagedFile],
    known: str, tmp_path: Path,
) -> None:  # fmt: skip
    other = SFTPServer(tmp_path / "other", users=("district",)).host_key
    settings = over_sftp(transport={"host_key": other} if known == "another" else {"host_key": []})
    before = quiet.written
    with pytest.raises(RosterbusError, match="host key"):
        load(deliver(settings, files), settings)
    assert quiet.written == before


def test_wrong_credentials_are_told_and_nothing_is_handed_over(
    quiet: SFTPServer,
    over_sftp: Callable[..., Values],
    deliver: Deliver,
    files: list[StagedFile],
    tmp_path: Path,
) -> None:
    other = SFTPServer(tmp_path / "other", users=("district",)).private_key
    settings = over_sftp(transport={"private_key": {"file": str(other)}})
    before = quiet.written
    with pytest.raises(ConnectorError, match="refused the credentials of district; nothing was sent"):
        load(deliver(settings, files), settings)
    assert quiet.written == before
