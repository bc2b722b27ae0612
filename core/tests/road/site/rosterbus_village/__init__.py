"""A source of two files in a folder, for the core's own tests."""

from pathlib import Path

from rosterbus import settings
from rosterbus.extracts import Completeness, Delimited, Extract, Mapped, Nothing, Relation, Unused
from rosterbus.hookspecs import hookimpl

WHOLE = Completeness("complete", "the village says so")


class Settings(settings.Settings):
    location = settings.text("The folder.", required=True)
    complete = settings.flag("Whether the files hold everybody.", default=True)


@hookimpl
def extract(settings, state):
    folder = Path(state.fetch(settings.location, {}))
    if not folder.is_dir():
        return Nothing("there is no folder")
    said = WHOLE if settings.complete else Completeness("partial", "the village says so")
    tables = {
        path.stem: Delimited(path, path.name, completeness=said, key="id")
        for path in sorted(folder.glob("*.csv"))
    }
    return Extract(tables, state={"seen": state.previous.get("seen", 0) + 1})


@hookimpl
def map(settings, tables):
    extra = [name for name in tables["students"].columns if name.startswith("extra_")]
    students = f"""
        SELECT _row, id AS student_id, first AS first_name, last AS last_name, mail AS email, born AS birth_date,
               school AS school_id, class AS grade, 'active' AS status {"".join(f', "{name}"' for name in extra)}
        FROM raw.students"""
    relations = [Relation("students", students, lead="students")]
    if "contacts" in tables:
        contacts = """
        SELECT c._row, s._row AS _row_students, c.student AS student_id, c.id AS guardian_id, c.name AS last_name,
               c.phone AS phone, s.school AS school_id
        FROM raw.contacts c LEFT JOIN (SELECT id, any_value(school) AS school, min(_row) AS _row FROM raw.students
                                       GROUP BY id) s ON s.id = c.student"""
        relations.append(
            Relation("student_guardians", contacts, lead="contacts", origins={"school_id": "students.school"})
        )
    if "schools" in tables:
        names = "SELECT _row, id AS school_id, name, 'active' AS status FROM raw.schools"
        relations.append(Relation("schools", names, lead="schools"))
    return Mapped(relations, [Unused("contacts", "of nobody", "student = ''")])
