"""The real connectors against their twins: killed by a signal at every step, strangers' files, races."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from rosterbus.deliveries import Twin
from rosterbus.ledger import Ledger
from rosterbus.rehearsing import start_twin
from rosterbus.secrets import SecretReference
from rosterbus_demo.project import HEAD
from rosterbus_handshake.importer import Importer
from rosterbus_oneroster.synthetic import write_district
from rosterbus_samegoal.loader import Loader

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are killed in forked children"),
    pytest.mark.timeout(300),
]
FORK_SERVER = Path(__file__).with_name("vendor_fork_server.py")
WHO = {
    "handshake": "class_level <> '' AND status = 'active'",
    "samegoal": "status = 'active' AND gender <> ''",
}
STUDENTS = 60
TRANSITIONS = ["Deliveries.create", "Deliveries.fix_intent", "Deliveries.attempt", "Deliveries.mark_sent"]
FILES = [f"{name}.csv" for name in ("students", "guardians")]
STEPS = {
    "handshake": [*TRANSITIONS, "put_once users.csv", "Confirmations.confirm"],
    "samegoal": [
        *TRANSITIONS,
        "make_folder",
        *(f"put {file}" for file in FILES),
        *(f"rename {file}.part" for file in FILES),
        "mark COMPLETE",
        "Confirmations.confirm",
    ],
}
"""What a run does that can be killed; the name of an epoch, which is a time, is left out."""


class Forks:
    """Runs command lines side by side, and kills those that are to be killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout.readline() == "ready\n"

    def __call__(self, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        self._process.stdin.write(f"{json.dumps(jobs)}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with subprocess.Popen(
        [sys.executable, "-W", "error", str(FORK_SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield Forks(process)
        finally:
            process.kill()


@dataclass
class Case:
    """One project that delivers to a place of its own at a twin. `place` is a folder in the bucket or on the disk."""

    root: Path
    vendor: str
    twin: Twin
    place: str
    forks: Forks
    settings: dict[str, Any] = field(default_factory=dict)

    def write(self) -> None:
        if self.vendor == "handshake":
            own = {"bucket_folder": self.place}
        else:
            own = {"upload": f"/{self.place}", "processed": f"/{self.place}-processed"}
            for folder in (self.upload, self.processed):
                folder.mkdir(mode=0o700, exist_ok=True)
        given = {**self.twin.settings, **own, **self.settings}
        told = "".join(f"{key} = {toml(value)}\n" for key, value in given.items() if value is not None)
        who = f'\n[deliver.{self.vendor}.map.students]\nwhere = "{WHO[self.vendor]}"\n'
        (self.root / "pipelines").mkdir(parents=True, exist_ok=True)
        (self.root / "rosterbus.toml").write_text("", encoding="utf-8")
        (self.root / "pipelines" / "p.toml").write_text(
            f"{HEAD}\n[deliver.{self.vendor}]\n{told}{who}", encoding="utf-8"
        )

    def job(self, *arguments: str, kill_at: int = -1) -> dict[str, Any]:
        return {"arguments": [*arguments, "--folder", str(self.root)], "kill_at": kill_at}

    def run(self, *, kill_at: int = -1) -> dict[str, Any]:
        [ended] = self.forks(self.job("run", "p", "--json", kill_at=kill_at))
        assert ended["code"] == (-signal.SIGKILL if kill_at >= 0 else 0), ended
        return ended

    @property
    def disk(self) -> Path:
        return self.twin.extras["server"].home()

    @property
    def upload(self) -> Path:
        return self.disk / self.place

    @property
    def processed(self) -> Path:
        return self.disk / f"{self.place}-processed"

    @property
    def bucket(self) -> str:
        return self.twin.settings["bucket"]

    def take(self) -> None:
        """Let SameGoal move what is complete; Handshake leaves objects where they are."""
        if self.vendor == "samegoal":
            for marker in self.upload.glob("*/COMPLETE"):
                taken = self.processed / marker.parent.name
                assert not taken.exists(), "an epoch of this name was taken before"
                marker.parent.rename(taken)

    def got(self) -> list[dict[str, bytes]]:
        """What the vendor may read, one mapping of file and content for each delivery."""
        if self.vendor == "handshake":
            server = self.twin.extras["server"]
            names = server.names(self.bucket, self.place)
            return [{name: server.read(self.bucket, f"{self.place}/{name}")} for name in sorted(names)]
        epochs = [
            mark.parent
            for folder in (self.upload, self.processed)
            for mark in sorted(folder.glob("*/COMPLETE"))
        ]
        return [
            {file.name: file.read_bytes() for file in epoch.iterdir() if file.name != "COMPLETE"}
            for epoch in epochs
        ]

    def planned(self) -> list[set[str]]:
        """The digests of the files of every plan that was made."""
        return [
            {file["sha256"] for file in json.loads(path.read_text(encoding="utf-8"))["files"]}
            for path in (self.root / ".rosterbus" / "plans").glob("*/plan.json")
        ]

    def half(self) -> list[str]:
        """What the vendor may read now that is not exactly what was planned."""
        digests = [{hashlib.sha256(content).hexdigest() for content in one.values()} for one in self.got()]
        return [f"the vendor reads {one}" for one in digests if one not in self.planned()]

    def states(self) -> list[str]:
        with Ledger(self.root / ".rosterbus") as ledger:
            assert ledger.verify_chain() == ()
            return [one.state for one in ledger.deliveries.latest()]

    def loaded(self) -> int:
        """How many new students the vendor makes of the one delivery that it got."""
        [files] = self.got()
        if self.vendor == "handshake":
            [(name, content)] = files.items()
            told = Importer(()).take(name, content, datetime.now(UTC)).as_json()
            assert (told["failed"], told["skipped"]) == (0, 0), told
            return told["created"]
        [epoch] = self.processed.iterdir()
        told = Loader(self.root).take(epoch)["files"]["students.csv"]
        assert told["refused"] == 0, told
        return told["added"]


def toml(value: Any) -> str:
    if isinstance(value, SecretReference):
        return f"{{ {value.kind} = {json.dumps(value.name)} }}"
    return json.dumps(value)


Cases = Callable[..., Case]


@pytest.fixture(scope="session")
def samegoals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """SameGoal on this machine, one for all cases, each of which has folders of its own."""
    twin = start_twin("samegoal", tmp_path_factory.mktemp("samegoals"), {})
    yield twin
    twin.stop()


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory, forks: Forks, handshake: Twin, samegoals: Twin) -> Cases:
    """A function that makes a new case, whose vendor holds nothing yet."""
    twins = {"handshake": handshake, "samegoal": samegoals}
    export = tmp_path_factory.mktemp("export")
    write_district(export, schools=1, students=STUDENTS, bad_share=0.0)
    roots, numbers = {}, count(1)

    def prepared(vendor: str) -> Path:
        """A project whose baseline is set, to be copied."""
        if vendor not in roots:
            roots[vendor] = tmp_path_factory.mktemp(vendor)
            shutil.copytree(export, roots[vendor] / "export")
            case = Case(roots[vendor], vendor, twins[vendor], "importer-production-none", forks)
            case.write()
            [told] = forks(case.job("baseline", "p", "--empty"))
            assert told["exit"] == 0, told
        return roots[vendor]

    def make(vendor: str, **settings: Any) -> Case:
        number = next(numbers)
        root = tmp_path_factory.mktemp("cases") / str(number)
        shutil.copytree(prepared(vendor), root)
        place = f"importer-production-case-{number}"
        case = Case(root, vendor, twins[vendor], place, forks, settings)
        case.write()
        return case

    return make


def delivered_once(case: Case, *, early: bool = False) -> list[str]:
    """Run twice more, and answer with every promise that is broken at the end."""
    broken = case.half()
    for _ in range(2):
        if early:
            case.take()
        told = case.run()
        broken += case.half()
        if told["exit"] != 0:
            broken.append(told["said"])
    case.take()
    if json.loads(told["said"])["receipts"][0]["state"] != "nothing new":
        broken.append("the last run found something new")
    if len(case.got()) != 1 or case.states().count("confirmed") != 1 or "held" in case.states():
        broken.append(
            f"the vendor got {[sorted(one) for one in case.got()]}, the ledger says {case.states()}"
        )
    return broken


@pytest.mark.parametrize(("vendor", "early"), [("handshake", False), ("samegoal", False), ("samegoal", True)])
def test_a_run_killed_at_any_step_is_delivered_once(cases: Cases, vendor: str, early: bool) -> None:
    whole = cases(vendor)
    steps = whole.run()["steps"]
    whole.take()
    students = whole.loaded()
    assert students > STUDENTS // 4
    known = {f"{when} {step}" for step in STEPS[vendor] for when in ("before", "after")}
    assert {step.partition(" 2")[0] for step in steps} == known
    first = steps.index("before Deliveries.mark_sent") if early else 0
    broken = []
    for number in range(first, len(steps)):
        if number and steps[number].startswith("before") and steps[number - 1].startswith("after"):
            continue  # nothing happens between the two
        case = cases(vendor)
        place = case.run(kill_at=number)["place"]
        broken += [f"{place}: {one}" for one in delivered_once(case, early=early)]
        if not broken and case.loaded() != students:
            broken.append(f"{place}: the vendor loaded {case.loaded()} students")
    assert broken == []


def exits(case: Case) -> tuple[int, list[str]]:
    told = case.run()
    return told["exit"], [one["state"] for one in json.loads(told["said"])["receipts"]]


def test_somebody_elses_object_of_the_same_name_is_left_alone_and_held(cases: Cases) -> None:
    case = cases("handshake")
    probe = cases("handshake")
    probe.run()
    [name] = probe.got()[0]
    with case.twin.extras["server"].admin(case.bucket) as store:
        store.client.put_object(Bucket=case.bucket, Key=f"{case.place}/{name}", Body=b"theirs")
    assert exits(case) == (3, ["held"])
    assert exits(case) == (3, ["held"])
    assert case.got() == [{name: b"theirs"}]
    assert case.states() == ["held"]


@pytest.mark.parametrize("complete", [True, False])
def test_somebody_elses_epoch_of_the_same_name_is_left_alone(cases: Cases, complete: bool) -> None:
    case = cases("samegoal")
    place = case.run(kill_at=3)["place"]
    assert place == "after Deliveries.fix_intent"
    with Ledger(case.root / ".rosterbus") as ledger:
        epoch = case.disk / ledger.deliveries.latest()[0].address.marker.lstrip("/")
    epoch.parent.mkdir()
    (epoch.parent / "students.csv").write_text("theirs", encoding="utf-8")
    if complete:
        epoch.touch()
    code, states = exits(case)
    if complete:
        assert (code, states) == (3, ["held", "held"])
    else:
        assert (code, states) == (0, ["confirmed"])
        assert "failed" in case.states()
    assert (epoch.parent / "students.csv").read_text(encoding="utf-8") == "theirs"
    assert epoch.exists() == complete


@pytest.mark.parametrize("vendor", ["handshake", "samegoal"])
def test_of_runs_at_once_one_delivers(cases: Cases, vendor: str) -> None:
    for _ in range(3):
        case = cases(vendor)
        ended = case.forks(*(case.job("run", "p") for _ in range(4)))
        assert [one["code"] for one in ended] == [0] * 4
        said = [one["said"] for one in ended]
        assert sum(f"p -> {vendor}   confirmed" in one for one in said) == 1, said
        assert {one["exit"] for one in ended} <= {0, 75}
        for one in ended:
            if one["exit"] == 75:
                assert "is being written to by " in one["said"]
        assert delivered_once(case) == []
