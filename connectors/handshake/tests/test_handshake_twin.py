"""The twin as a school meets it: by the `aws` command of Handshake's own instructions, and by the connector."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rosterbus.deliveries import Delivery, Done, Twin
from rosterbus.secrets import sealed
from rosterbus_handshake import Settings, address, load, twin

FILE = (
    b"email_address,username,auth_identifier,first_name,school_year_name,"
    b"primary_education:cumulative_gpa,primary_education:major_names,"
    b"primary_education:education_level_name\n"
    b"ana@example.org,0001,a1,Ana,Senior,3.50,Art;Law,Bachelors\n"
    b"eva@example.org,0002,a2,Eva 2,Junior,,,Bachelors\n"
)
WRITTEN = {
    "bucket_folder": "importer-production-springfield",
    "access_key_id": {"env": "NEVER_READ"},
    "secret_access_key": {"env": "NEVER_READ"},
    "cadence": "monthly",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    started = twin(tmp_path_factory.mktemp("handshake"), WRITTEN)
    yield started
    started.stop()
    started.stop()


@pytest.fixture
def upload(running: Twin, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The line that `reach` tells a person, run as it stands."""

    def run(content: bytes, name: str, *, line: str = running.reach[0]) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "students.csv"
        path.write_bytes(content)
        line = line.replace("YYYYMMDD_users.csv", name).replace("FILE", str(path))
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            line, shell=True, env={**os.environ, "PATH": tools}, capture_output=True, text=True, timeout=60
        )

    return run


def test_the_aws_command_uploads_and_the_importer_answers(
    running: Twin, upload: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = len(running.settle())
    assert upload(FILE, "20261116_test_users.csv").returncode == 0
    [analysis] = running.settle()[before:]
    assert (analysis["file"], analysis["status"]) == ("20261116_test_users.csv", "test file")
    assert analysis["expected"] == {"created": 1, "failed": 1}


@pytest.mark.parametrize("asking", ["s3 ls PLACE", "s3 cp PLACE -"])
def test_the_aws_command_can_neither_list_nor_read(
    running: Twin, upload: Callable[..., subprocess.CompletedProcess[str]], asking: str
) -> None:
    place = "s3://handshake-importer-uploads/importer-production-springfield/20261116_test_users.csv"
    line = running.reach[0].partition("s3 cp")[0] + asking.replace("PLACE", place)
    answer = upload(FILE, "", line=line)
    assert answer.returncode != 0
    assert "AccessDenied" in answer.stderr or "Forbidden" in answer.stderr


def test_a_pipelines_own_settings_lead_to_the_twin_with_its_secrets_sealed(
    running: Twin, make_delivery: Callable[..., Delivery]
) -> None:
    with sealed():
        settings = Settings().load({**WRITTEN, **running.settings})
        assert (settings.bucket_folder, settings.cadence) == (WRITTEN["bucket_folder"], "monthly")
        delivery = make_delivery(FILE)
        delivery = replace(delivery, address=address(delivery, settings))
        assert isinstance(load(delivery, settings), Done)
    assert running.settle()[-1]["status"] == "processed with errors"
    assert running.extras["accounts"]["0001"]["primary_education:major_names"] == "Art;Law"
    written = sorted(path.name for path in (running.folder or Path()).joinpath("analyses").iterdir())
    assert any(name.endswith("20261121_users.json") for name in written)
    assert any(name.endswith("20261121_users.failed_rows.csv") for name in written)


def test_a_file_put_again_under_its_name_is_another_import(
    running: Twin, upload: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    for content in (FILE, FILE.replace(b"Eva 2", b"Eva")):
        running.extras["forward"](timedelta(hours=25))
        assert upload(content, "20261130_users.csv").returncode == 0
        latest = running.settle()[-1]
    assert (latest["file"], latest["status"]) == ("20261130_users.csv", "processed")
    assert running.extras["accounts"]["0002"]["first_name"] == "Eva"


def test_everything_that_the_twin_writes_is_private(running: Twin) -> None:
    folder = running.folder or Path()
    ours = [*folder.joinpath("analyses").iterdir(), *folder.joinpath("s3", "keys").iterdir()]
    assert ours
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in ours} == {0o600}


def test_every_answer_says_how_it_is_known(running: Twin) -> None:
    assert {answer.known for answer in running.answers} == {"published", "assumed"}
    assert all(answer.behaviour and answer.source for answer in running.answers)


def test_a_location_names_the_folder_of_the_twin(tmp_path: Path) -> None:
    started = twin(tmp_path, {"location": "s3://uploads/importer-production-ogdenville"})
    try:
        assert started.settings["bucket"] == "uploads"
        assert Settings().load(dict(started.settings)).bucket_folder == "importer-production-ogdenville"
        assert started.settle() == []
    finally:
        started.stop()
