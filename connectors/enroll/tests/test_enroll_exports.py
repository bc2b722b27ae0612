"""An export is in its place whole and once, or the run says what to do, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rosterbus.errors import RetriableError
from rosterbus.ledger import Ledger
from rosterbus.ledger.confirmations import Confirmations
from rosterbus.ledger.deliveries import Deliveries
from rosterbus.private import write_private_text
from rosterbus.rehearsing import start_twin
from rosterbus.secrets import SecretReference
from rosterbus.testing import dying, trial
from rosterbus_sftp import Remote
from rosterbus_sftp.server import SFTPServer


@pytest.fixture
def server(twin):
    return twin.extras["server"]


@pytest.fixture
def synced(register, service, when):
    """Children of two years are registered and synced, so that two files go."""

    def synced(number=20):
        for year in (2025, 2026):
            names = [f"R{year}-{n}" for n in range(number)]
            register(*names, school_year=f"{year}-{year + 1}")
            for name in names:
                service.sync(name, when(10))

    synced()
    return synced


@pytest.fixture
def states(office):
    def states():
        with Ledger(office.folder / ".rosterbus") as ledger:
            return [one.state for one in ledger.deliveries.latest()]

    return states


@pytest.fixture
def told(office):
    """Every sentence that a run says of what did not go."""

    def told(outcome):
        return "; ".join(
            [*(str(one.error) for one in outcome.failures), *(one.because for one in outcome.receipts)]
        )

    return told


def places(office):
    return sorted(
        path.relative_to(office.exports).as_posix() for path in office.exports.rglob("*") if path.is_file()
    )


BOTH = ["2025/registrations.csv", "2026/registrations.csv"]


def test_all_files_are_whole_before_the_first_is_put_in_its_place(office, server, synced, when):
    assert office.run(when(21)).exit_code == 0
    done = [
        (verb, path.rpartition("SISData/exports/")[2])
        for verb, path in server.verbs("create", "rename", "posix-rename")
    ]
    parts = [("create", f"{place}.part") for place in BOTH]
    assert done == [*parts, *(("posix-rename", place) for place in BOTH)]
    assert places(office) == BOTH


def test_a_reader_of_the_file_before_is_never_shown_a_half(office, server, synced, when, service):
    office.run(when(21))
    before = {place: (office.exports / place).read_bytes() for place in BOTH}
    for name in ("R2025-1", "R2026-1"):
        service.sync(name, when(10, day=21))
    server.written, server.faults.cut_after = 0, 250
    assert office.run(when(21, day=21)).exit_code == RetriableError.exit_code
    assert {place: (office.exports / place).read_bytes() for place in BOTH} == before
    server.faults.cut_after = None
    assert office.run(when(22, day=21)).exit_code == 0
    assert places(office) == BOTH


STEPS = ("create", "fix_intent", "attempt", "put", "put", "mark_sent", "replace", "replace", "confirm")
"""What a run does for two files, in this order."""
AT_THE_SERVER = [number for number, step in enumerate(STEPS) if step in ("put", "replace")]


@pytest.mark.parametrize("number", AT_THE_SERVER)
def test_a_run_that_dies_after_any_step_at_the_server_is_finished_once_by_the_next(
    office, synced, server, states, when, monkeypatch, number
):
    done = []

    def dying_after(owner, name):
        whole = getattr(owner, name)

        def step(*arguments, **options):
            answer = whole(*arguments, **options)
            done.append(name)
            if len(done) == number + 1:
                raise trial.KilledError
            return answer

        monkeypatch.setattr(owner, name, step)

    for owner, names in (
        (Deliveries, ("create", "fix_intent", "attempt", "mark_sent")),
        (Confirmations, ("confirm",)),
        (Remote, ("put", "replace")),
    ):
        for name in names:
            dying_after(owner, name)
    with pytest.raises(trial.KilledError):
        office.run(when(21))
    assert tuple(done) == STEPS[: number + 1]
    outcome = office.run(when(22))
    assert (outcome.exit_code, states()[0], places(office)) == (0, "confirmed", BOTH), outcome.as_json()
    renamed = [path for _, path in server.verbs("posix-rename")]
    assert len(renamed) == len(set(renamed)) == 2, "each file was put in its place once"


def test_an_export_that_was_taken_away_in_doubt_is_held_and_then_nothing_more_goes(
    office, synced, states, told, when
):
    with pytest.raises(trial.KilledError):
        office.run(when(21), meddle=dying.PLACES["after sending"])
    (office.exports / BOTH[0]).unlink()
    (office.exports / BOTH[1]).write_text("somebody's own", encoding="utf-8")
    outcome = office.run(when(22))
    assert (outcome.exit_code, states()) == (3, ["held"])
    assert "was taken away or overwritten by somebody" in told(outcome)
    assert (office.exports / BOTH[1]).read_text(encoding="utf-8") == "somebody's own"


def test_what_becomes_of_a_confirmed_export_changes_nothing_any_more(office, synced, states, when):
    office.run(when(21))
    (office.exports / BOTH[0]).unlink()
    outcome = office.run(when(22))
    assert [one.state for one in outcome.receipts] == ["nothing new"]
    assert states() == ["confirmed"]


def test_wrong_credentials_and_another_host_key_get_no_byte(office, server, synced, told, when, tmp_path):
    wrong = write_private_text(tmp_path / "wrong", "this is no key")
    office.overrides = {"private_key": SecretReference("file", str(wrong), own=True)}
    outcome = office.run(when(21))
    assert (outcome.exit_code, "private key cannot be read" in told(outcome)) == (2, True)
    with SFTPServer(tmp_path / "other") as other:
        office.overrides = {"host_key": other.host_key}
    outcome = office.run(when(22))
    assert (outcome.exit_code, "shows another host key than the pinned one" in told(outcome)) == (1, True)
    office.overrides = {"host_key": []}
    outcome = office.run(when(22))
    assert (outcome.exit_code, "is not pinned" in told(outcome)) == (2, True)
    assert server.verbs("create", "write", "open") == []
    office.overrides = {}
    assert office.run(when(23)).exit_code == 0


def test_a_server_that_cannot_replace_a_file_says_so_and_the_one_before_stays(
    office, server, synced, told, when, service
):
    server.faults.no_posix_rename = True
    assert office.run(when(21)).exit_code == 0
    before = (office.exports / BOTH[0]).read_bytes()
    for name in ("R2025-1", "R2026-1"):
        service.sync(name, when(10, day=21))
    outcome = office.run(when(21, day=21))
    assert (outcome.exit_code, "it cannot replace a file" in told(outcome)) == (1, True)
    assert (office.exports / BOTH[0]).read_bytes() == before


def test_a_server_where_nobody_may_read_is_written_to_all_the_same(office, server, synced, when):
    server.faults.write_only = True
    assert office.run(when(21)).exit_code == 0
    assert places(office) == BOTH


def test_another_pipeline_may_not_overwrite_our_file(office, synced, told, when, states):
    office.run(when(21))
    office.values = {**office.values, "name": "another"}
    office.begin(when(21))
    outcome = office.run(when(22))
    assert (outcome.exit_code, states()[0]) == (1, "failed")
    assert "already belongs to plan" in told(outcome)


def test_the_twin_started_again_is_the_same_server(tmp_path):
    first = start_twin("enroll", tmp_path / "twin", {})
    first.stop()
    again = start_twin("enroll", tmp_path / "twin", {})
    again.stop()
    assert first.settings["host_key"] == again.settings["host_key"]


def test_the_plan_expires_and_the_next_one_has_everybody(office, server, synced, states, when):
    server.stop()
    office.run(when(21))
    server.start()
    outcome = office.run(when(21) + timedelta(days=9))
    assert outcome.exit_code == 0
    assert states() == ["confirmed", "failed"]
    assert outcome.receipts[-1].counts["registrations"]["delivered"] == 40
