"""A source of two files in a folder that keeps every promise, unless `FAULTS` names one that it breaks."""

import csv
from pathlib import Path

from rosterbus import settings
from rosterbus.errors import ConnectorError
from rosterbus.extracts import (
    Completeness,
    Counted,
    Delimited,
    Extract,
    Mapped,
    Nothing,
    Relation,
    Rows,
    Unused,
)
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl

FAULTS: set[str] = set()
FILES = {"students": ["id", "name", "born"], "contacts": ["id", "student", "name"]}
PAGE = "https://register.example.org/"
WHOLE = "the register is whole"
SKIPPERS = {"reads what it can", "removes in silence"}
READERS = {*SKIPPERS, "fills lost columns", "numbers its rows", "invents a row"}


class Settings(settings.Settings):
    location = settings.text("The folder.", required=True)
    encoding = settings.text("The encoding, if it is not UTF-8.")


@hookimpl
def extract(settings, state):
    folder = Path(state.fetch(settings.location, {}))
    if "believes itself done" in FAULTS and (done := Path(state.folder).parent / "done").exists():
        return Nothing("it was read before")
    tables = {name: table(folder / f"{name}.csv", settings) for name in FILES}
    if "believes itself done" in FAULTS:
        done.touch()
    if "nothing for no rows" in FAULTS and (folder / "students.csv").read_bytes().count(b"\n") == 1:
        return Nothing("there is nobody")
    return Extract(tables)


def table(path, settings):
    """One file, whose columns are all there."""
    whole = Completeness("complete", "" if "no proof" in FAULTS else WHOLE)
    if "breaks" not in FAULTS and not path.is_file():
        raise ConnectorError(f"{path.name} is missing")
    content = path.read_bytes()
    encoding = None if "knows no encoding" in FAULTS else settings.encoding
    if "guesses" in FAULTS and b"\xfe" in content:
        encoding = "windows-1252"
    if "fears a mark" in FAULTS and content.startswith(b"\xef\xbb\xbf"):
        raise ConnectorError(f"{path.name} has a byte-order mark")
    if READERS & FAULTS:
        return Rows(own_rows(path, encoding), path.name, whole, key="id")
    header = content.partition(b"\n")[0].decode("utf-8-sig").split(",")
    if content and (lost := [name for name in FILES[path.stem] if name not in header]):
        raise ConnectorError(f"{path.name} has no column {lost[0]}")
    return Delimited(path, path.name, encoding=encoding, completeness=whole, key="id")


def own_rows(path, encoding):
    """The file as somebody reads it who thinks that nothing can be wrong with it."""
    columns = FILES[path.stem]
    with path.open(encoding=encoding or "utf-8-sig", newline="") as lines:
        header, *rows = csv.reader(lines)
    if SKIPPERS & FAULTS:
        rows = [row for row in rows if len(row) == len(header)]
    if "invents a row" in FAULTS and not rows:
        rows = [[{"students": "S0", "contacts": "C0"}[path.stem], "S0", "Nobody"]]
    records = [dict(zip(header, row, strict=False)) for row in rows]
    if "numbers its rows" in FAULTS:
        records = [{"id": f"R{number}", **record} for number, record in enumerate(records)]
    return [columns, *([record.get(name, "") for name in columns] for record in records)]


@hookimpl
def map(settings, tables):
    born = "strftime(TRY_CAST(s.born AS DATE), '%m/%d/%Y')" if "own dates" in FAULTS else "s.born"
    title = "CAST(uuid() AS VARCHAR)" if "never the same" in FAULTS else "s.name"
    columns = f"s.id AS student_id, {title} AS last_name, {born} AS birth_date"
    first = "{0}._row IN (SELECT min(_row) FROM raw.{1} GROUP BY id)"
    students = f"SELECT s._row, {columns} FROM raw.students s WHERE {first.format('s', 'students')}"
    lead = "students"
    if "multiplies" in FAULTS:
        joined = "raw.contacts c JOIN raw.students s ON s.id = c.student"
        students = f"SELECT c._row, s._row AS _row_students, {columns} FROM {joined}"
        lead = "contacts"
    if "hides who decides" in FAULTS:
        students += " AND (s.id = 'S0' OR s.id IN (SELECT student FROM raw.contacts))"
    columns = "c._row, c.student AS student_id, c.id AS guardian_id, c.name AS last_name"
    contacts = (
        f"SELECT {columns} FROM raw.contacts c WHERE c.student <> '' AND {first.format('c', 'contacts')}"
    )
    if "drops orphans" in FAULTS:
        contacts += " AND c.student IN (SELECT id FROM raw.students)"
    relations = [
        Relation("students", students, lead=lead),
        Relation("student_guardians", contacts, lead="contacts"),
    ]
    unused = [Unused("contacts", "of nobody", "student = ''")] if "loses" not in FAULTS else []
    if "drops repeated ids" not in FAULTS:
        again = "NOT " + first
        unused += [Unused(name, "its id stands further up", again.format(name, name)) for name in FILES]
    orphans = "SELECT count(*) FROM raw.contacts WHERE student <> '' AND student NOT IN (SELECT id FROM raw.students)"
    orphaned = Finding("warn", "contacts of nobody", "contacts of students who are not there", PAGE)
    counted = [] if "drops orphans" in FAULTS else [Counted(orphaned, orphans, share_of="contacts")]
    return Mapped(relations, unused, counted=counted)
