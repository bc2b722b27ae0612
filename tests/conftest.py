"""Project folders, made-up exports and the vendors' twins, for what no distribution can test alone."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rosterbus.cli import command_line as run
from rosterbus.deliveries import Twin
from rosterbus.rehearsing import start_twin
from rosterbus.secrets import SecretReference
from rosterbus_demo.project import HEAD
from rosterbus_oneroster.synthetic import District, write_district

SECONDS = 90
MADE = date(2026, 11, 20)
# Half of the made-up students have no gender, which SameGoal requires.
GENDERS = "gender = { transform = \"CASE gender WHEN 'male' THEN 'male' ELSE 'female' END\" }\n"
LOCATION = 'location = "export/oneroster.zip"\n'
UPPER_GRADES = """
[deliver.handshake.map.students]
where = "class_level <> '' AND status = 'active'"
"""
LONG = (
    "test_template_readme.py",
    "test_market_everything.py",
    "test_market_vendors.py",
    "test_vendor_interruptions.py",
)
"""Begun first, so that no process is left with one of them when the others are done."""
REPORT_HEADER = ["Row Number", "sourcedId", "Column Name", "Error"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)


@dataclass(frozen=True)
class Said:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def plan(self) -> dict[str, Any]:
        [plan] = self.json["plans"]
        return plan

    @property
    def receipt(self) -> dict[str, Any]:
        [receipt] = self.json["receipts"]
        return receipt


def command(*arguments: object) -> Said:
    """Run one command line in this process."""
    out, err, umask = io.StringIO(), io.StringIO(), os.umask(0o077)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run([str(one) for one in arguments])
    finally:
        os.umask(umask)
    return Said(code, out.getvalue(), err.getvalue())


def program(*arguments: object, **options: Any) -> Said:
    """Run one command line in a process of its own, as a person would."""
    line = [sys.executable, "-c", "from rosterbus.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, timeout=SECONDS, check=False, **options)
    return Said(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


@dataclass
class Site:
    """A project folder with the pipeline ``p`` from the export in it to one vendor; every file may be edited."""

    root: Path
    settings: dict[str, Any]
    district: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    nights: int = 0

    @property
    def package(self) -> Path:
        return self.root / "export" / "oneroster.zip"

    def export(self, **changes: Any) -> District:
        """Write tonight's export."""
        made = MADE + timedelta(days=self.nights)
        self.nights += 1
        options = {"schools": 2, "students": 400, "bad_share": 0.0, **self.district, **changes}
        return write_district(self.root / "export", as_of=made, **options)

    def pipeline(self, *, deliver: str = "", more: str = "") -> None:
        """Write the pipeline; `deliver` goes into the vendor's part, `more` after it."""
        [(vendor, settings)] = self.settings.items()
        given = LOCATION + "".join(f"{key} = {toml(value)}\n" for key, value in self.source.items())
        told = "".join(f"{key} = {toml(value)}\n" for key, value in settings.items() if value is not None)
        head = HEAD.replace(LOCATION, given) + GENDERS
        text = f"{head}\n[deliver.{vendor}]\n{told}{deliver}\n{more}\n"
        (self.root / "pipelines").mkdir(exist_ok=True)
        (self.root / "rosterbus.toml").write_text("", encoding="utf-8")
        (self.root / "pipelines" / "p.toml").write_text(text, encoding="utf-8", newline="\n")

    def __call__(self, *arguments: object) -> Said:
        return command(*arguments, "--folder", self.root)

    def json(self, *arguments: object) -> Said:
        return self(*arguments, "--json")


@pytest.fixture(scope="session")
def rosterbus() -> Callable[..., Said]:
    """The command line, in this process."""
    return command


@pytest.fixture(scope="session")
def rosterbus_process() -> Callable[..., Said]:
    """The command line, in a process of its own."""
    return program


@pytest.fixture
def samegoal(tmp_path: Path) -> Iterator[Twin]:
    """SameGoal on this machine, its own for each test."""
    twin = start_twin("samegoal", tmp_path / "samegoal", {})
    yield twin
    twin.stop()


@pytest.fixture(scope="session")
def handshake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """Handshake on this machine, one for all tests, each of which has a folder of its own in the bucket."""
    twin = start_twin("handshake", tmp_path_factory.mktemp("handshake"), {})
    yield twin
    twin.stop()


@pytest.fixture
def to_samegoal(tmp_path: Path, samegoal: Twin) -> Site:
    """A project that delivers to SameGoal, which holds nothing yet."""
    return _site(tmp_path, "samegoal", samegoal.settings)


@pytest.fixture
def to_handshake(tmp_path: Path, handshake: Twin) -> Site:
    """A project that delivers to a folder of this test's own at Handshake, which holds nothing yet."""
    folder = f"importer-production-{tmp_path.name.replace('_', '-')}"
    settings = {**handshake.settings, "bucket_folder": folder}
    site = _site(tmp_path, "handshake", settings, schools=1, students=80)
    site.pipeline(more=UPPER_GRADES)
    return site


def _site(folder: Path, vendor: str, settings: Mapping[str, Any], **district: Any) -> Site:
    site = Site(folder / "project", {vendor: dict(settings)}, district, source={"as_of": str(MADE)})
    site.root.mkdir()
    site.pipeline()
    site.export()
    assert site("baseline", "p", "--empty").code == 0
    return site


def toml(value: Any) -> str:
    """A setting as a pipeline file says it."""
    if isinstance(value, SecretReference):
        return f"{{ {value.kind} = {json.dumps(value.name)} }}"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture(scope="session")
def repack() -> Callable[..., None]:
    """A function that writes a zip anew, with other bytes for some of its members."""

    def write(package: Path, **members: bytes) -> None:
        with zipfile.ZipFile(package) as read:
            kept = [(info, read.read(info)) for info in read.infolist()]
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as written:
            for info, content in kept:
                written.writestr(info, members.get(info.filename.removesuffix(".csv"), content))

    return write


@pytest.fixture(scope="session")
def member() -> Callable[[Path, str], bytes]:
    """A function that reads one member of a zip."""

    def read(package: Path, name: str) -> bytes:
        with zipfile.ZipFile(package) as file:
            return file.read(f"{name}.csv")

    return read


@pytest.fixture(scope="session")
def arrived() -> Callable[..., list[dict[str, str]]]:
    """A function that reads a file of the last epoch that arrived at SameGoal."""

    def read(twin: Twin, name: str = "students.csv") -> list[dict[str, str]]:
        twin.settle()
        epoch = max((twin.extras["server"].home() / "upload-processed").iterdir())
        with (epoch / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, strict=True))

    return read


@pytest.fixture(scope="session")
def sync_report() -> Callable[..., list[dict[str, str]]]:
    """A function that reads one layout's sync report out of a folder of reports."""

    def read(folder: str, name: str) -> list[dict[str, str]]:
        with (Path(folder) / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            assert reader.fieldnames in (REPORT_HEADER, [one for one in REPORT_HEADER if one != "sourcedId"])
            return list(reader)

    return read


@pytest.fixture(scope="session")
def end() -> Callable[[int], None]:
    """A function that ends a process by its pid and waits until it is gone."""
    return end_process


def end_process(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + SECONDS
    while alive(pid):
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            pytest.fail(f"process {pid} did not end")
        time.sleep(0.1)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.is_file() and stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z")


@dataclass(frozen=True)
class Demo:
    """What the demo left: its folder, what it said, and the twins that still run."""

    folder: Path
    said: Said
    uploads: int

    def __call__(self, *arguments: object) -> Said:
        return command(*arguments, "--folder", self.folder)

    def json(self, *arguments: object) -> Said:
        return self(*arguments, "--json")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo's project folder, its twins kept until the end of the tests."""
    folder = tmp_path_factory.mktemp("demo") / "project"
    said = program("demo", "--keep", "--json", "--folder", folder)
    kept = said.json.get("kept") if said.out else None
    try:
        assert said.code == 0, said.out + said.err
        uploads = sum(len(receipt["files"]) for receipt in said.json["receipts"])
        yield Demo(folder, said, uploads)
    finally:
        if kept:
            end_process(kept["pid"])


@pytest.fixture(scope="session")
def deliveries(demo: Demo) -> set[str]:
    """The names of the demo's deliveries."""
    return {receipt["delivery"] for receipt in demo.said.json["receipts"]}


@pytest.fixture(scope="session")
def a_student(demo: Demo) -> dict[str, str]:
    """A student of the demo's district who is delivered to every vendor, as in users.csv."""
    with zipfile.ZipFile(demo.folder / "export" / "oneroster.zip") as package:
        users = io.StringIO(package.read("users.csv").decode("utf-8", "backslashreplace"), newline="")
    return next(row for row in csv.DictReader(users) if row["metadata.class_level"] == "Junior")
