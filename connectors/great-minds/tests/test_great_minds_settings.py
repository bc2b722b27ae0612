"""Settings that cannot work are refused before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import marshmallow
import pytest
from rosterbus_great_minds import Settings, layouts, probe

REMOTE = "sftp://district@sftp.example.org/incoming"


@pytest.mark.parametrize(
    ("written", "key", "said"),
    [
        ({}, "location", "required"),
        ({"location": "handover"}, "location", "whole path"),
        ({"location": "https://example.org/x"}, "location", "in a folder or over SFTP"),
        ({"location": "file://elsewhere/x"}, "location", "names no other machine"),
        ({"location": "/srv/x", "transport": {"host_key": "x"}}, "transport", "needs no transport"),
        ({"location": "/srv/x", "mode": "oneroster"}, "location", "over SFTP"),
        ({"location": "/srv/x", "mode": "api"}, "mode", "Must be one of"),
        ({"location": "sftp://district:secret@sftp.example.org/x"}, "location", "password"),
        ({"location": REMOTE, "transport": {"host_key": "nonsense"}}, "location", "host_key"),
        ({"location": "/srv/x", "staff_file": "../staff.csv"}, "staff_file", "no name of a CSV"),
        ({"location": "/srv/x", "classes_file": "classes.txt"}, "classes_file", ".csv at the end"),
        ({"location": REMOTE, "package": "roster.tar"}, "package", "no name of a zip"),
        ({"location": REMOTE, "package": "{time}{time}.zip"}, "package", "once"),
        ({"location": "/srv/x", "row_numbers": "maybe"}, "row_numbers", "Must be one of"),
        ({"location": "/srv/x", "missing": "deleted"}, "missing", "Must be one of"),
        ({"location": "/srv/x", "password_key": "literal"}, "password_key", "reference"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_what_to_write(
    written: dict[str, Any], key: str, said: str
) -> None:
    with pytest.raises(marshmallow.ValidationError) as refused:
        Settings().load(written)
    messages = refused.value.normalized_messages()
    assert said in str(messages[key])
    assert "secret@" not in str(messages)


def test_each_mode_has_its_own_layouts(tmp_path: Path) -> None:
    upload = Settings().load({"location": str(tmp_path), "staff_file": "people.csv"})
    assert [spec.file for spec in layouts(upload)] == [
        "great-minds-student-upload.csv",
        "people.csv",
        "great-minds-class-upload.csv",
    ]
    packages = Settings().load({"location": REMOTE, "mode": "oneroster", "missing": "kept"})
    assert {spec.absence for spec in layouts(packages)} == {"kept"}
    assert [spec.name for spec in layouts(packages)] == [
        "orgs",
        "student_users",
        "staff_users",
        "classes",
        "student_enrollments",
        "teacher_enrollments",
    ]


def test_the_extension_column_comes_last_and_only_where_it_is_asked_for() -> None:
    def headers(**settings: Any) -> list[str]:
        values = Settings().load({"location": REMOTE, "mode": "oneroster", **settings})
        return [spec.columns[-1].name for spec in layouts(values) if spec.name.endswith("_users")]

    assert headers() == ["password", "password"]
    assert headers(additional_roles=True) == ["metadata.gm.additionalroles"] * 2


def test_a_probe_tells_whether_the_folder_can_be_written_to_and_makes_none(tmp_path: Path) -> None:
    new = tmp_path / "new" / "folder"
    [there] = probe(Settings().load({"location": str(tmp_path)}))
    [missing] = probe(Settings().load({"location": str(new)}))
    (tmp_path / "file").write_text("", encoding="utf-8")
    [blocked] = probe(Settings().load({"location": str(tmp_path / "file" / "folder")}))
    assert [there.state, missing.state, blocked.state] == ["proved", "proved", "failed"]
    assert "will be made" in missing.sentence
    assert "choose another `location`" in blocked.sentence
    assert not new.exists()
