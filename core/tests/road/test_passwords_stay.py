"""Passwords made with a secret, and sensitive cells: in the vendor's file, and nowhere else."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import logging
from pathlib import Path
from typing import Any

import duckdb
import pytest
import rosterbus_shelf
from rosterbus.cli import command_line
from rosterbus.errors import ConfigError
from rosterbus.layouts import text
from rosterbus.reporting import StoredProblems
from rosterbus.secrets import SecretReference
from shelf_kit import ShelfVillage
from village_kit import student

SECRET = "zqs the secret of passwords"
PASSWORD = text("Password", keyed="student_id", secret=SecretReference("env", "PASSWORD_KEY"), required=True)
NICK = text("Nick", direct="last_name", sensitive=True, longest=10)


@pytest.fixture
def shelved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShelfVillage:
    """A village whose members have a password, and a nickname that nobody may see."""
    monkeypatch.setenv("PASSWORD_KEY", SECRET)
    spec = rosterbus_shelf.Members.spec.with_columns(PASSWORD, NICK)
    monkeypatch.setattr(rosterbus_shelf, "layouts", lambda settings: (spec,))
    made = ShelfVillage(tmp_path)
    made.vendor.mkdir()
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    made.shelve()
    made.baseline_empty()
    return made


def sent(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def password(key: str, of: str) -> str:
    digest = hmac.new(key.encode(), of.encode(), hashlib.sha256).hexdigest()
    digits = "".join("2345678923456789"[int(one, 16)] for one in digest[10:14])
    return "".join("bcdfghjkmnptwxyz"[int(one, 16)] for one in digest[:10]) + digits


def told(plan: Any, name: str) -> Any:
    """The rows of a Parquet file of a plan, as JSON."""
    rows = duckdb.execute("SELECT to_json(t) FROM read_parquet(?) t", [str(plan.folder / name)]).fetchall()
    return [json.loads(row) for (row,) in rows]


def test_a_password_is_in_the_file_in_order_and_of_the_key_alone(shelved: ShelfVillage) -> None:
    shelved.write([student(number) for number in (3, 1, 2)])
    [file] = shelved.plan().files
    assert [(row["Id"], row["Password"]) for row in sent(file.path)] == [
        (number, password(SECRET, number)) for number in ("3", "1", "2")
    ]


def test_neither_the_secret_nor_a_password_nor_a_sensitive_cell_is_anywhere_else(
    shelved: ShelfVillage, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    words = ""
    for last in ("zqxA", "zqxB"):
        shelved.write(
            [student(one).replace(f"Last{one}", last) for one in (1, 2)] + [student(3, mail="broken")]
        )
        shelved.now = shelved.now.replace(day=shelved.now.day + 1)
        for command in (["run", "v"], ["diff", "last", "--values"], ["diff", "last", "--values", "--json"]):
            command_line([*command, "--folder", str(shelved.root)])
        command_line(["preview", "v", "--id", "1", "--json", "--folder", str(shelved.root)])
        command_line(["preview", "v", "--id", "1", "--folder", str(shelved.root)])
        words += "".join(capfd.readouterr()) + caplog.text
    passwords = [password(SECRET, one) for one in ("1", "2", "3")]
    assert "hidden" in words
    assert [mark for mark in ("zqs", "zqx", *passwords) if mark in words] == []
    state = [path for path in (shelved.root / ".rosterbus").rglob("*") if path.is_file()]
    assert [path for path in state if b"zqs" in path.read_bytes()] == []
    with_passwords = {path for path in state if any(one.encode() in path.read_bytes() for one in passwords)}
    assert with_passwords == {path for path in state if "files" in path.parts}
    parquet = [path for path in state if path.suffix == ".parquet"]
    columns = {name for path in parquet for name in duckdb.read_parquet(str(path)).columns}
    assert ("Nick" in columns, "Password" in columns) == (True, False)


def test_a_sensitive_cell_that_changed_is_told_without_the_cell(shelved: ShelfVillage) -> None:
    shelved.write([student(1), student(2)])
    shelved.run()
    shelved.write([student(1, mail="other@example.org").replace("Last1", "Other"), student(2)])
    plan = shelved.run(hours=24).receipts[0].plan
    [change] = told(plan, "changes.members.parquet")
    assert change["columns"] == ["Mail", "Nick"]
    assert [cell["column"] for cell in change["cells"]] == ["Mail"]


def test_a_change_of_the_secret_changes_nobody(
    shelved: ShelfVillage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelved.write([student(1)])
    shelved.run()
    monkeypatch.setenv("PASSWORD_KEY", "another")
    assert shelved.run(hours=24).receipts[0].state == "nothing new"
    shelved.write([student(1, grade="06")])
    [file] = shelved.plan(hours=24).files
    assert sent(file.path)[0]["Password"] == password("another", "1")


def test_a_problem_keeps_no_sensitive_cell_even_for_reports_with_values(shelved: ShelfVillage) -> None:
    shelved.write([student(1).replace("Last1", "far too long a name"), student(2, mail="broken")])
    plan = shelved.plan()
    kept = {row["column"]: row["value"] for row in told(plan, "problems.members.parquet")}
    assert kept == {"Nick": None, "Mail": "broken"}
    assert [one.column for one in StoredProblems(plan, plan.layouts[0])] == ["Nick", "Mail"]


def test_a_pipeline_may_map_a_password_otherwise_and_needs_no_secret_then(
    shelved: ShelfVillage, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyless = text("Password", keyed="student_id", secret=None, required=True)
    spec = rosterbus_shelf.Members.spec.with_columns(keyless)
    monkeypatch.setattr(rosterbus_shelf, "layouts", lambda settings: (spec,))
    shelved.write([student(1)])
    with pytest.raises(
        ConfigError, match=r"its passwords are made with a secret, and the settings name none"
    ):
        shelved.plan()
    shelved.shelve(extra='[deliver.shelf.map.members.columns]\npassword = "first_name"')
    [file] = shelved.plan().files
    assert sent(file.path)[0]["Password"] == "First1"


def test_a_password_of_what_a_correction_could_not_make_fails(shelved: ShelfVillage) -> None:
    codes = '[source.map.students.columns]\nstudent_id = { match = "student_id", codes = { "1" = "A" } }'
    shelved.shelve(source=codes)
    shelved.write([student(1), student(2)])
    plan = shelved.plan()
    assert [row["Password"] for row in sent(plan.files[0].path)] == [password(SECRET, "A")]
    assert plan.layouts[0].counts["rejected"] == 1


def test_a_password_identifies_nobody(shelved: ShelfVillage, monkeypatch: pytest.MonkeyPatch) -> None:
    key = text("Id", keyed="student_id", secret=SecretReference("env", "PASSWORD_KEY"))
    spec = rosterbus_shelf.Members.spec
    columns = (key, *(column for column in spec.columns if column.name != "Id"))
    keyed = type(spec)(name="members", file="members.csv", rows="students", key=("Id",), columns=columns)
    monkeypatch.setattr(rosterbus_shelf, "layouts", lambda settings: (keyed,))
    shelved.write([student(1)])
    with pytest.raises(ConfigError, match="a column that identifies a row cannot depend on a secret"):
        shelved.plan()


def test_a_secret_that_is_not_there_ends_the_plan(
    shelved: ShelfVillage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PASSWORD_KEY")
    shelved.write([student(1)])
    with pytest.raises(ConfigError, match=r"env PASSWORD_KEY`: the secret is not there"):
        shelved.plan()
