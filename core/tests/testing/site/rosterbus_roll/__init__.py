"""A source over an API of pages that keeps every promise, unless `FAULTS` names one that it breaks.

The first answer is everything; later ones are what changed since its revision, as long as the API still knows that.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path

from rosterbus import settings
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.extracts import (
    Changes,
    Completeness,
    Counted,
    Extract,
    Mapped,
    Nothing,
    Relation,
    Rows,
    Unchanged,
    Unused,
)
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl

from rosterbus_roll.standin import COLUMNS, PAGE, RollApi

FAULTS: set[str] = set()
MOVING = {"moves its state", "moves its state early"}
LIMIT = 7
TRIES = 3


class Settings(settings.Settings):
    url = settings.text("Where the API is.", required=True)
    token = settings.secret("What it asks for.")
    changes = settings.flag("Whether only what changed is read, where that is known.", default=True)


class GapError(Exception):
    """The API does not know any more what changed."""


@hookimpl
def extract(settings, state):
    since = state.previous.get("revision") if settings.changes else None
    cursor = Path(state.folder).parent / "cursor"
    if MOVING & FAULTS and cursor.exists():
        since = int(cursor.read_text(encoding="utf-8"))
    try:
        answer = everything(settings) if since is None else changed(settings, since)
    except GapError:
        answer = Unchanged("nothing is new") if "ignores a gap" in FAULTS else everything(settings)
    if MOVING & FAULTS and isinstance(answer, Extract):
        cursor.write_text(str(answer.state["revision"]), encoding="utf-8")
    return answer


@hookimpl
def map(settings, tables):
    first = "(SELECT id, min(_row) AS _first FROM raw.{0} GROUP BY id) f ON f.id = t.id AND f._first = t._row"
    columns = {
        "students": "t.id AS student_id, t.name AS last_name, t.born AS birth_date",
        "contacts": "t.student AS student_id, t.id AS guardian_id, t.name AS last_name",
    }
    read = {
        name: f"SELECT t._row, {chosen} FROM raw.{name} t JOIN {first.format(name)}"
        for name, chosen in columns.items()
    }
    relations = [
        Relation("students", read["students"], lead="students"),
        Relation("student_guardians", read["contacts"], lead="contacts"),
    ]
    again = "_row NOT IN (SELECT min(_row) FROM raw.{0} GROUP BY id)"
    unused = [Unused(name, "its id stands further up", again.format(name)) for name in COLUMNS]
    orphans = "SELECT count(*) FROM raw.contacts WHERE student NOT IN (SELECT id FROM raw.students)"
    orphaned = Finding("warn", "contacts of nobody", "contacts of students who are not there", PAGE)
    return Mapped(relations, unused, counted=[Counted(orphaned, orphans, share_of="contacts")])


@hookimpl
def twin(folder, settings):
    return RollApi(folder).twin(any_token="any token" in FAULTS)


def everything(settings):
    """All rows of one revision."""
    for _ in range(TRIES):
        read = {name: pages(settings, name) for name in COLUMNS}
        revisions = {revision for _, found in read.values() for revision in found}
        if len(revisions) == 1 or "mixes revisions" in FAULTS:
            rows = {name: found for name, (found, _) in read.items()}
            break
    else:
        raise RetriableError("the roll changes faster than it can be read")
    if "drops repeated ids" in FAULTS:
        rows = {
            name: list({row[0]: row for row in reversed(found)}.values())[::-1]
            for name, found in rows.items()
        }
    if "drops orphans" in FAULTS:
        known = {row[0] for row in rows["students"]}
        rows["contacts"] = [row for row in rows["contacts"] if row[1] in known]
    if "nothing for no rows" in FAULTS and not rows["students"]:
        return Nothing("there is nobody")
    whole = Completeness("complete", "every page of one revision was read")
    tables = {
        name: Rows([COLUMNS[name], *found], f"{name}.json", whole, key="id") for name, found in rows.items()
    }
    return Extract(tables, state={"revision": min(revisions)}, mirrored=settings.changes)


def changed(settings, since):
    """What changed after a revision; raises GapError where the API cannot tell."""
    told = asked(settings, f"changes?since={since}")
    if "loses changes" in FAULTS:
        told |= {name: [] for name in COLUMNS}
    if told["revision"] == since and "everything again" not in FAULTS:
        return Unchanged("the revision is the same")
    if "everything again" in FAULTS:
        return everything(settings)
    tables = {
        name: Changes([Rows([COLUMNS[name], *cells(name, told[name])], f"{name}.json")], key=("id",))
        for name in COLUMNS
        if told[name]
    }
    return Extract(
        tables, state={"revision": since if "forgets where it was" in FAULTS else told["revision"]}
    )


def pages(settings, name):
    """Every row of a table, and the revisions that its pages were of."""
    rows, revisions, total, offset = [], set(), 1, 0
    while offset < total:
        try:
            page = asked(settings, f"{name}?offset={offset}&limit={LIMIT}")
        except RetriableError:
            if "swallows errors" in FAULTS and offset:
                return rows, {0}
            raise
        rows += cells(name, page["rows"])
        revisions.add(0 if "swallows errors" in FAULTS else page["revision"])
        total = page["total"]
        if "stops at a short page" in FAULTS and len(page["rows"]) < LIMIT:
            break
        if not page["rows"] and offset < total:
            raise RetriableError("the roll gave a page without rows before its end")
        offset += LIMIT if "trusts the page size" in FAULTS else len(page["rows"])
    return rows, revisions


def cells(name, rows):
    """Rows as lists; raises ConnectorError where a column is gone."""
    lost = [column for column in COLUMNS[name] for row in rows[:1] if column not in row]
    if lost and "fills lost columns" not in FAULTS:
        raise ConnectorError(f"{name} of the roll has no {lost[0]} any more")
    return [[row.get(column, "") for column in COLUMNS[name]] for row in rows]


def asked(settings, path):
    """What the API answers."""
    request = urllib.request.Request(
        f"{settings.url}/{path}", headers={"Authorization": settings.token.reveal()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 410:
                raise GapError from error
            if error.code == 401:
                raise ConnectorError("the roll does not know the token") from error
            raise RetriableError(f"the roll answers {error.code}") from error
    except OSError as error:
        if "silent when gone" in FAULTS:
            return {"rows": [], "total": 0, "revision": 0}
        raise RetriableError("the roll is away") from error
