"""The copy of a remote export: whole or not there, private, and the last one kept whatever happens."""

from __future__ import annotations

import io
import stat

import pytest
from rosterbus import fetching
from rosterbus.errors import ConnectorError, NoCopyError, RetriableError, RosterbusError
from rosterbus.fetching import Fetcher
from rosterbus.hookspecs import hookimpl
from web_kit import says


class Remote:
    """A transport over files in memory; a folder where `names` are given."""

    def __init__(self):
        self.files = {}
        self.names = None
        self.broken = None

    @hookimpl
    def open(self, location, transport):
        if self.broken:
            return self.broken
        return io.BytesIO(self.files[location.rpartition("/")[2]])

    @hookimpl
    def list(self, location, transport):
        return [] if self.names is None else [(name, len(self.files.get(name, b""))) for name in self.names]


class Breaking(io.RawIOBase):
    def __init__(self):
        self.given = False

    def readable(self):
        return True

    def read(self, size=-1):
        if self.given:
            raise ValueError("Ada Lovelace")
        self.given = True
        return b"half"


@pytest.fixture
def remote(monkeypatch):
    made = Remote()
    monkeypatch.setitem(fetching.CORE_TRANSPORTS, "transport:memory", made)
    return made


@pytest.fixture
def fetcher(tmp_path):
    return Fetcher(tmp_path / "extracts", start=tmp_path)


def test_a_file_keeps_its_name_and_is_private(remote, fetcher):
    remote.files["roster.zip"] = b"one"
    path = fetcher("memory://sis/roster.zip", {})

    assert (path.name, path.read_bytes()) == ("roster.zip", b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parents[1])} == {0o700}


def test_a_folder_of_one_file_stays_a_folder_whatever_the_file_is_called(remote, fetcher):
    remote.files["export"], remote.names = b"one", ["export"]
    path = fetcher("memory://sis/export", {})

    assert path.is_dir()
    assert [file.name for file in path.iterdir()] == ["export"]


def test_a_new_copy_takes_the_place_of_the_last_with_nothing_left_of_it(remote, fetcher, tmp_path):
    remote.files.update({"a.csv": b"1", "b.csv": b"2"})
    remote.names = ["a.csv", "b.csv"]
    fetcher("memory://sis/export", {})
    remote.names = ["a.csv"]

    assert [file.name for file in fetcher("memory://sis/export", {}).iterdir()] == ["a.csv"]
    assert len(list((tmp_path / "extracts").iterdir())) == 1


def test_a_fetch_that_breaks_off_leaves_the_last_copy_and_quotes_nothing(remote, fetcher, tmp_path):
    remote.files["roster.zip"] = b"one"
    fetcher("memory://sis/roster.zip", {})
    remote.broken = Breaking()

    with pytest.raises(RetriableError, match="broke off while it was read: ValueError") as told:
        fetcher("memory://sis/roster.zip", {})
    assert "Ada" not in str(told.value)
    again = Fetcher(tmp_path / "extracts", start=tmp_path, reuse=True)
    assert again("memory://sis/roster.zip", {}).read_bytes() == b"one"
    assert len(list((tmp_path / "extracts").iterdir())) == 1


def test_what_an_interrupted_fetch_left_is_taken_away(remote, fetcher, tmp_path):
    remote.files["roster.zip"] = b"one"
    name = fetcher("memory://sis/roster.zip", {}).parents[1].stem
    (tmp_path / "extracts" / f".{name}.dead").mkdir()

    fetcher("memory://sis/roster.zip", {})
    assert len(list((tmp_path / "extracts").iterdir())) == 1


@pytest.mark.parametrize("name", ["..", ".", "", "../x", "a/b", "..\\x", "C:x", "a\0b", "a\nb"])
def test_a_name_that_leads_elsewhere_is_refused(remote, fetcher, tmp_path, name):
    remote.files[name.rpartition("/")[2]], remote.names = b"one", [name]

    with pytest.raises(ConnectorError, match="leads elsewhere"):
        fetcher("memory://sis/export", {})
    assert list((tmp_path / "extracts").iterdir()) == []


def test_the_same_name_twice_is_refused(remote, fetcher):
    remote.files["a.csv"], remote.names = b"1", ["a.csv", "a.csv"]

    with pytest.raises(ConnectorError, match="two names"):
        fetcher("memory://sis/export", {})


def test_a_file_that_is_still_being_written_there_is_tried_again_later(remote, fetcher, monkeypatch):
    remote.files["a.csv"] = b"1"
    monkeypatch.setattr(Remote, "list", hookimpl(lambda self, location, transport: [("a.csv", 9)]))

    with pytest.raises(RetriableError, match="changed while it was read: 9 bytes, then 1"):
        fetcher("memory://sis/export", {})


def test_a_disk_that_is_full_is_told_in_a_sentence(remote, fetcher, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    remote.files["roster.zip"] = b"one"
    monkeypatch.setattr(fetching, "open_private", full)
    with pytest.raises(RosterbusError, match="cannot be written: No space left on device"):
        fetcher("memory://sis/roster.zip", {})


def test_without_a_copy_there_is_nothing_to_reuse(tmp_path):
    with pytest.raises(NoCopyError, match="there is no copy of the export here yet"):
        Fetcher(tmp_path / "extracts", start=tmp_path, reuse=True)("sftp://sis.example.org/x.zip", {})


def test_with_a_copy_nobody_is_asked(serve, tmp_path):
    server = serve(says(200, b"one"))
    folder = tmp_path / "extracts"
    Fetcher(folder, start=tmp_path)(f"{server.url}/x.zip", {})

    assert Fetcher(folder, start=tmp_path, reuse=True)(f"{server.url}/x.zip", {}).read_bytes() == b"one"
    assert len(server.requests) == 1


def test_a_local_file_is_read_where_it_is(tmp_path):
    assert Fetcher(tmp_path / "x", start=tmp_path)("export/a.zip", {}) == tmp_path / "export" / "a.zip"
    assert not (tmp_path / "x").exists()
