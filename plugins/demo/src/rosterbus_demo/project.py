"""Writes the demo's project folder: a made-up district's export, and a pipeline from it to the twins."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rosterbus.errors import ConfigError
from rosterbus.private import private_folder, write_private_text
from rosterbus_oneroster.synthetic import District, write_district

MARK = ".rosterbus-demo"
"""The file by which the demo knows a folder of its own, which it may replace."""
TWINS = "twins"
LOCK, PID = "lock", "pid"
"""In the twins' folder: what their keeper holds as long as it lives, and its process."""
PIPELINE = "demo"
VENDORS = ("handshake", "samegoal", "scilearn", "enroll", "great-minds")

HEAD = """\
# The pipeline of `rosterbus demo`: one OneRoster export to every vendor's twin on this machine.
timezone = "America/Chicago"

[source]
connector = "oneroster"
location = "export/oneroster.zip"

# Local corrections, once for all vendors: what this SIS keeps in columns of its own.
[source.map.students.columns]
auth_identifier = "metadata.auth_identifier"
card_id = "metadata.card_id"
class_level = "metadata.class_level"
education_level = "metadata.education_level"
cumulative_gpa = "metadata.cumulative_gpa"
majors = { transform = "replace(\\"metadata.majors\\", ',', '|')" }
primary_major = "metadata.primary_major"
colleges = "metadata.colleges"
campus = "metadata.campus"
athlete = { transform = "lower(\\"metadata.athlete\\")" }
first_generation = { transform = "lower(\\"metadata.first_generation\\")" }
street = "metadata.street"
city = "metadata.city"
state = "metadata.state"
zip = "metadata.zip"
"""
CHANGES = {
    "handshake": """
# Only the upper grades have a class level, and only they have an account there.
[deliver.handshake.map.students]
where = "class_level <> '' AND status = 'active'"
""",
    "samegoal": """
[deliver.samegoal.map.students]
where = "status = 'active'"
""",
    "scilearn": """
# The demo's clock must not decide what becomes of it.
quiet_hours = "off"
columns = ["STUDENT_ID", "USERNAME", "FIRST_NAME", "LAST_NAME", "DOB", "GRADE", "SCHOOL_ID"]

# The program is licensed for the lower grades.
[deliver.scilearn.map.students]
where = "status = 'active' AND grade IN ('01', '02', '03', '04', '05')"
""",
    "enroll": """
# This district's source has no registrations: whoever is active counts as approved.
records = "students"
""",
    "great-minds": """
[deliver.great-minds.map.students]
where = "status = 'active'"
""",
}


def prepare(folder: Path) -> Path:
    """An empty project folder; one of an earlier demo is replaced, any other that is not empty is refused."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            msg = "this folder is not empty, and it is not of an earlier demo"
            raise ConfigError(msg, key="--folder", found=str(folder), allowed="a folder that is new or empty")
        _refuse_kept(folder / TWINS)
        shutil.rmtree(folder)
    private_folder(folder)
    write_private_text(folder / MARK, "rosterbus demo may replace this folder\n")
    return folder


def _refuse_kept(twins: Path) -> None:
    if not (twins / LOCK).is_file():
        return
    try:
        with FileLock(twins / LOCK, blocking=False):
            return
    except Timeout:
        pid = (twins / PID).read_text(encoding="utf-8")
        msg = f"the twins of an earlier demo are up in this folder; end them with `kill {pid}`, or name another folder"
        raise ConfigError(msg, key="--folder", found=str(twins.parent)) from None


def write_export(folder: Path) -> District:
    """The district's export: five schools, 2,000 students, about one in a hundred with something wrong."""
    return write_district(private_folder(folder / "export"), schools=5, students=2_000, bad_share=0.01)


def write_project(folder: Path, twins: Mapping[str, Mapping[str, Any]]) -> None:
    """The project file, and the pipeline to the twins as they can be reached now."""
    write_private_text(folder / "rosterbus.toml", 'state_dir = ".rosterbus"\ntimezone = "America/Chicago"\n')
    parts = [HEAD]
    for name, settings in twins.items():
        lines = [f"{key} = {_toml(value)}" for key, value in settings.items() if value is not None]
        parts.append("\n".join([f"\n[deliver.{name}]", *lines, CHANGES.get(name, "")]))
    private_folder(folder / "pipelines")
    write_private_text(folder / "pipelines" / f"{PIPELINE}.toml", "\n".join(parts))


def _toml(value: Any) -> str:
    """A value as TOML: texts and numbers as in JSON, tables inline."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
