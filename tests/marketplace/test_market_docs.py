"""The page about marketplaces works as it is written: every command of it, in order, ends as it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Machine

PAGE = Path(__file__).parents[2] / "docs" / "marketplace.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DIST = ("rosterbus", "rosterbus_market", "rosterbus_oneroster", "rosterbus_sync_report")
LATER = "rosterbus_xlsx_report"
SECONDS = 240


def lines() -> Iterator[str]:
    """Every command line of the page, with what a person would answer to its questions."""
    for block in CONSOLE.findall(PAGE.read_text(encoding="utf-8")):
        for line in block.splitlines():
            written = line.removeprefix("$ ")
            if " --keys " in written or " keys new " in written or " keys person " in written:
                written += " --passphrase env:PASSPHRASE"
            yield written + (" --yes" if re.search(r"market (install|rollback) ?", written) else "")


@pytest.mark.timeout(500)
@pytest.mark.skipif(os.name != "posix", reason="follows a page for a POSIX shell")
def test_every_command_of_the_page_about_marketplaces_ends_well(machine: Machine, tmp_path: Path):
    place, packages = tmp_path / "page", machine.everything.mirror / "packages"
    for name, wheels in (("dist", DIST), ("new", (LATER,))):
        (place / name).mkdir(parents=True)
        for wheel in wheels:
            for path in packages.glob(f"{wheel}-*.whl*"):
                if not path.name.endswith(".metadata"):
                    shutil.copy(path, place / name)
    variables = {
        "PATH": f"{machine.bin}{os.pathsep}{os.environ['PATH']}",
        "PASSPHRASE": "of a made-up person",
    }
    followed = list(lines())

    assert len(followed) > 30
    for line in followed:
        if line.startswith("cd "):
            place = place / line.removeprefix("cd ")
            continue
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=place,
            env={**clean_of(os.environ), **variables},
            input="y\n" * 3,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        if found := re.search(r"fingerprint ([0-9a-f]{64})", done.stdout):
            variables["FINGERPRINT"] = found[1]


def clean_of(environment: os._Environ[str]) -> dict[str, str]:
    """The environment without what chooses packages for those who test."""
    return {
        name: value for name, value in environment.items() if name not in ("UV_CONSTRAINT", "VIRTUAL_ENV")
    }
