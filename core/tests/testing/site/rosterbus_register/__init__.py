"""A source of two files in a folder that keeps every promise, unless `FAULTS` names one that it breaks."""

from pathlib import Path

from rosterbus import settings
from rosterbus.errors import ConnectorError
from rosterbus.extracts import Completeness, Delimited, Extract, Mapped, Relation, Unused
from rosterbus.hookspecs import hookimpl

FAULTS: set[str] = set()
FILES = ("students", "contacts")


class Settings(settings.Settings):
    location = settings.text("The folder.", required=True)


@hookimpl
def extract(settings, state):
    folder = Path(state.fetch(settings.location, {}))
    proof = "" if "no proof" in FAULTS else "the register is whole"
    tables = {}
    for name in FILES:
        path = folder / f"{name}.csv"
        if "breaks" not in FAULTS and not path.is_file():
            raise ConnectorError(f"{path.name} is missing")
        encoding = "windows-1252" if "guesses" in FAULTS and b"\xfe" in path.read_bytes() else None
        path.stat()
        tables[name] = Delimited(
            path, path.name, encoding=encoding, completeness=Completeness("complete", proof), key="id"
        )
    return Extract(tables)


@hookimpl
def map(settings, tables):
    born = "strftime(TRY_CAST(s.born AS DATE), '%m/%d/%Y')" if "own dates" in FAULTS else "s.born"
    title = "CAST(uuid() AS VARCHAR)" if "never the same" in FAULTS else "s.name"
    columns = f"s.id AS student_id, {title} AS last_name, {born} AS birth_date"
    students = f"SELECT s._row, {columns} FROM raw.students s"
    lead = "students"
    if "multiplies" in FAULTS:
        joined = "raw.contacts c JOIN raw.students s ON s.id = c.student"
        students = f"SELECT c._row, s._row AS _row_students, {columns} FROM {joined}"
        lead = "contacts"
    contacts = "SELECT _row, student AS student_id, id AS guardian_id, name AS last_name FROM raw.contacts"
    contacts += " WHERE student <> ''"
    relations = [
        Relation("students", students, lead=lead),
        Relation("student_guardians", contacts, lead="contacts"),
    ]
    return Mapped(relations, [] if "loses" in FAULTS else [Unused("contacts", "of nobody", "student = ''")])
