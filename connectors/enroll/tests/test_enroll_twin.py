"""The twin speaks to clients that nobody here wrote, and its SIS reads what arrives and nothing else."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

FILE = '"Registration ID","First Name"\r\n"R1","Ada"\r\n"R2","Bea"\r\n"R3"\r\n'


@pytest.fixture
def sftp(twin):
    if shutil.which("sftp") is None:
        pytest.skip("OpenSSH's sftp is not installed (Debian: openssh-client)")
    command = shlex.split(twin.reach[0])

    def sftp(*lines):
        return subprocess.run(
            [command[0], "-b", "-", *command[1:]],
            input="\n".join([*lines, ""]),
            capture_output=True,
            check=True,
            encoding="utf-8",
            timeout=60,
        ).stdout

    return sftp


def test_openssh_puts_an_export_and_the_sis_reads_it_with_one_odd_row(twin, sftp, tmp_path):
    (tmp_path / "file.csv").write_text(FILE, encoding="utf-8", newline="")
    earlier = len(twin.settle())
    sftp("-mkdir SISData", "-mkdir SISData/exports", f"put {tmp_path}/file.csv SISData/exports/file.csv.part")
    assert len(twin.settle()) == earlier
    sftp("rename SISData/exports/file.csv.part SISData/exports/file.csv")
    assert twin.settle()[earlier:] == [{"files": {"file.csv": {"rows": 3, "refused": 1}}}]
    assert len(twin.settle()) == earlier + 1


def test_openssh_gets_what_the_sync_service_exported(twin, sftp, when, tmp_path):
    service = twin.extras["service"]
    service.register("R1", first_name="Ada")
    service.approve("R1")
    service.sync("R1", when(10))
    service.export(when(21))
    assert "registrations.csv" in sftp(
        "ls SISData/exports", f"get SISData/exports/registrations.csv {tmp_path}/got.csv"
    )
    assert (tmp_path / "got.csv").read_text(encoding="utf-8").splitlines()[1].startswith('"R1","","Ada"')


def test_the_twin_says_where_its_exports_are(twin):
    assert twin.reach[1].endswith("SISData/exports")
    assert twin.settings["folder"] == "SISData/exports"
