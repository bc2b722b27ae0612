"""`rosterbus demo` on its own: in what folder it works, and that nothing of it is left running."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rosterbus.cli import command_line
from rosterbus.errors import ConfigError, RosterbusError
from rosterbus_demo.project import MARK, PID, TWINS, prepare
from rosterbus_demo.twins import Twins

ROSTERBUS = [sys.executable, "-c", "from rosterbus.cli import main; main()"]


def keeper_of(folder):
    return int((folder / PID).read_text(encoding="utf-8"))


def is_running(pid):
    """Whether a process lives; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ended(pid):
    deadline = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(pid)


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / TWINS
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A demo whose twins are kept: its folder and what it told."""
    folder = tmp_path_factory.mktemp("a folder with spaces")
    done = subprocess.run(
        [*ROSTERBUS, "demo", "--keep", "--json", "--folder", str(folder)],
        capture_output=True,
        timeout=110,
        check=False,
    )
    document = json.loads(done.stdout)
    yield folder, done, document
    os.kill(document["kept"]["pid"], signal.SIGTERM)
    assert ended(document["kept"]["pid"])


def test_every_vendor_confirms_and_nothing_is_unexpected(told):
    _, done, document = told

    assert (done.returncode, document["exit"], document["unexpected"]) == (0, 0, [])
    assert {receipt["state"] for receipt in document["receipts"]} == {"confirmed"}
    assert all(receipt["balanced"] for receipt in document["receipts"])
    assert done.stderr == b""


def test_everything_it_writes_is_private(told):
    folder, _, _ = told
    paths = [path for path in folder.rglob("*") if not path.is_symlink()]
    files = [path for path in paths if path.is_file() and "data" not in path.parts]  # SeaweedFS's own

    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in paths if path.is_dir()} == {"0o700"}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files} == {0}


def test_a_folder_whose_twins_are_up_is_left_alone(told, capsys):
    folder, _, document = told

    assert command_line(["demo", "--folder", str(folder), "--json"]) == 2
    assert f"end them with `kill {document['kept']['pid']}`" in json.loads(capsys.readouterr().out)["error"]
    assert (folder / "pipelines" / "demo.toml").is_file()


def test_a_folder_of_an_earlier_demo_is_replaced(tmp_path):
    folder = prepare(tmp_path / "demo")
    (folder / "old").mkdir()

    assert [path.name for path in prepare(folder).iterdir()] == [MARK]


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "diary.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(ConfigError, match="not of an earlier demo"):
        prepare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_twins_stop_with_their_block_also_when_it_fails(home):
    def fail():
        with Twins(home, ["samegoal"]):
            assert is_running(keeper_of(home))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ended(keeper_of(home))


def test_kept_twins_outlive_their_block_until_they_are_ended(home):
    with Twins(home, ["samegoal"]) as twins:
        assert twins.settle() == {"samegoal": []}
        pid = twins.keep()
    assert is_running(pid)
    os.kill(pid, signal.SIGTERM)
    assert ended(pid)


def test_a_keeper_that_dies_is_an_error_that_names_its_log(home):
    with Twins(home, ["samegoal"]) as twins:
        os.kill(keeper_of(home), signal.SIGKILL)
        with pytest.raises(
            RosterbusError, match=r"the twins ended with -9; their last words are in .*twins\.log"
        ):
            twins.settle()
    assert ended(keeper_of(home))


def test_twins_that_do_not_start_leave_no_process_and_say_where_to_look(home):
    with pytest.raises(RosterbusError, match="the twins ended with 1"):
        Twins(home, ["nobody"])
    assert ended(keeper_of(home))
    assert "there is no destination `nobody`" in (home / "twins.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_however_the_demo_is_ended_its_twins_end_too(home, how):
    # In the background of a shell that signal would be ignored, by this process and by its children.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "import sys, time; from pathlib import Path; from rosterbus_demo.twins import Twins\n"
    code += "with Twins(Path(sys.argv[1]), ['samegoal']):\n    print('up', flush=True)\n    time.sleep(100)"
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert running.stdout.readline() == b"up\n"
        running.send_signal(how)
        running.communicate(timeout=60)
    finally:
        running.kill()
    assert ended(keeper_of(home))
