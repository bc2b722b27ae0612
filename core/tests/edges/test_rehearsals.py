"""A rehearsal: no credential is read by any thread, every twin stops, nothing is kept, whatever goes wrong."""

from __future__ import annotations

import shutil
import tempfile
import threading

import pytest
import rosterbus_drop
import rosterbus_village
from rosterbus import fetching
from rosterbus.deliveries import Twin
from rosterbus.errors import ConfigError, RosterbusError
from rosterbus.fetching import Fetcher
from rosterbus.hookspecs import hookimpl
from rosterbus.plugins import Plugins
from rosterbus.project import load_pipeline, load_project
from rosterbus.rehearsing import rehearse
from rosterbus.secrets import SecretReference, sealed
from rosterbus.settings import table
from web_kit import says


@pytest.fixture
def drops(monkeypatch, tmp_path):
    """Twins of the toy vendor: folders. Answers with what was started and stopped."""
    happened = []

    @hookimpl
    def twin(folder, settings):
        if "unlucky" in folder.name:
            raise RosterbusError("the twin does not start")
        happened.append(f"start {folder.name}")
        return Twin(
            name="drop",
            settings={"folder": str(folder), "password": None},
            stop=lambda: happened.append(f"stop {folder.name}"),
            settle=lambda: [{"boxes": len(list(folder.glob("*/MARK")))}],
            reach=(),
            answers=(),
        )

    monkeypatch.setattr(rosterbus_drop, "twin", twin, raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    yield happened
    assert list((tmp_path / "temporary").iterdir()) == []


def rehearsed(village):
    project = load_project(village.root)
    pipeline = load_pipeline(project, "v")
    return rehearse(project, pipeline, pipeline.deliveries, lambda _: None)


def test_a_rehearsal_delivers_to_the_twin_alone_and_leaves_nothing(village, drops):
    village.pipeline(deliver='contacts = false\npassword = { env = "NO_SUCH_VARIABLE" }')
    rehearsal = rehearsed(village)

    assert [one.state for one in rehearsal.outcome.receipts] == ["confirmed"]
    assert rehearsal.analyses == {"drop": [{"boxes": 1}]}
    assert drops == ["start drop", "stop drop"]
    assert village.boxes == []
    assert not (village.root / ".rosterbus").exists()
    assert rehearsal.outcome.report == ""


def test_every_twin_stops_where_a_later_one_does_not_start(village, drops):
    village.pipeline(deliver='contacts = false\n[deliver.unlucky]\nconnector = "drop"\nfolder = "x"')
    with pytest.raises(RosterbusError, match="does not start"):
        rehearsed(village)
    assert drops == ["start drop", "stop drop"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_every_twin_stops_whatever_interrupts(village, drops, monkeypatch, error):
    def interrupted(*_):
        raise error

    monkeypatch.setattr("rosterbus.rehearsing.run", interrupted)
    with pytest.raises(error):
        rehearsed(village)
    assert drops == ["start drop", "stop drop"]


def test_a_source_that_is_elsewhere_is_replaced_by_its_last_copy(village, drops, serve, monkeypatch):
    remote = serve(says(200, (village.export / "students.csv").read_bytes()))
    location = f"{remote.url}/students.csv"
    file = village.root / "pipelines" / "v.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"export"', f'"{location}"'), encoding="utf-8")
    outcome = rehearsed(village).outcome
    assert "no copy of the export here yet" in str(outcome.failures[0].error)

    Fetcher(village.root / ".rosterbus" / "extracts" / "v", start=village.root)(location, {})
    rehearsed(village)
    assert len(remote.requests) == 1


def test_no_thread_reads_a_secret_while_others_are_sealed(monkeypatch):
    monkeypatch.setenv("REAL", "s3cret")
    told = []

    def read():
        try:
            told.append(SecretReference("env", "REAL").reveal())
        except ConfigError as error:
            told.append(str(error))

    with sealed():
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(10)
        assert SecretReference("env", "REAL", own=True).reveal() == "s3cret"
    assert "in a rehearsal" in told[0]
    assert SecretReference("env", "REAL").reveal() == "s3cret"


def test_the_core_transports_are_sealed_too(serve, monkeypatch):
    monkeypatch.setenv("SIS_TOKEN", "s3cret")
    server = serve(says(200, b"one"))
    plugins = Plugins(core=fetching.CORE_TRANSPORTS)
    with sealed(), pytest.raises(ConfigError, match="in a rehearsal"):
        plugins.call(
            "transport:https",
            "open",
            step="reading",
            location=server.url,
            transport={"token": {"env": "SIS_TOKEN"}},
        )
    assert server.requests == []


@pytest.mark.parametrize(("reads_files", "told"), [(False, 0), (True, 30)])
def test_a_running_system_is_its_twin_and_files_are_the_pipelines_own(
    village, drops, monkeypatch, reads_files, told
):
    class Settings(rosterbus_village.Settings):
        if reads_files:
            transport = table("How to reach it.")

    @hookimpl
    def twin(folder, settings):
        empty = village.root / "empty"
        shutil.copytree(village.root / settings["location"], empty)
        for path in empty.iterdir():
            path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
        stop = lambda: drops.append("stop source")  # noqa: E731
        return Twin(
            "village", {"location": str(empty)}, reach=(), stop=stop, settle=list, answers=(), folder=folder
        )

    monkeypatch.setattr(rosterbus_village, "Settings", Settings)
    monkeypatch.setattr(rosterbus_village, "twin", twin, raising=False)
    village.pipeline(deliver="contacts = false")
    [receipt] = rehearsed(village).outcome.receipts

    assert sum(one["read"] for one in receipt.counts.values()) == told
    assert ("stop source" in drops) is not reads_files
