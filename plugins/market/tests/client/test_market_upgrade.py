"""A newer release is tried beside the old one, on the pipelines that use it, and taken over only when told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rosterbus.lock import read_lock

if TYPE_CHECKING:
    from conftest import Shop, Site

SOURCE = '''
"""Students out of one file."""

from rosterbus import settings
from rosterbus.extracts import Completeness, Delimited, Extract, Mapped, Relation
from rosterbus.hookspecs import hookimpl


class Settings(settings.Settings):
    location = settings.text("The file.", required=True)


@hookimpl
def extract(settings, state):
    path = state.fetch(settings.location, {})
    whole = Completeness("complete", "one file is all")
    return Extract({"students": Delimited(path, path.name, completeness=whole, key="id")})


@hookimpl
def map(settings, tables):
    sql = "SELECT _row, id AS student_id, first AS first_name, last AS last_name FROM raw.students"
    return Mapped([Relation("students", sql, lead="students")])
'''
DESTINATION = '''
"""Students into a folder."""

from rosterbus import settings
from rosterbus.deliveries import Address
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Layout, text


class Settings(settings.Settings):
    folder = settings.text("The folder.", required=True)
    {setting}


class Students(Layout, file="students.csv", rows="students", key="Id"):
    student_id = text("Id", direct="student_id", required=True)
    last_name = text("Last", direct="last_name", required=True)
    {column}


def layouts(settings):
    return (Students,)


@hookimpl
def address(delivery, settings):
    return Address(settings.folder, tuple(one.name for one in delivery.files))


@hookimpl
def load(delivery, settings):
    raise AssertionError("nothing may be sent")
'''
PIPELINE = """
timezone = "America/Chicago"
[source]
connector = "acme"
location = "students.csv"
[deliver.acme]
connector = "acme"
folder = "somewhere"
"""


def connector(*, setting: str = "", column: str = "") -> dict[str, str]:
    return {
        "rosterbus_acme/source.py": SOURCE,
        "rosterbus_acme/destination.py": DESTINATION.format(setting=setting, column=column),
    }


def test_a_try_shows_what_differs_and_a_swap_takes_over_what_was_tried(site: Site, shop: Shop):
    kinds = ("source", "destination")
    shop.publish("acme", "2.0", kinds=kinds, files=connector())
    assert site.market("install", "acme", "--yes").code == 0
    pipelines = site.project / "pipelines"
    pipelines.mkdir()
    (pipelines / "nightly.toml").write_text(PIPELINE, encoding="utf-8")
    (site.project / "students.csv").write_text(
        "id,first,last\n1,Ann,Example\n2,Bo,Example\n", encoding="utf-8"
    )
    planned = site.run("plan", "nightly")
    assert planned.code in (0, 3), planned.err
    before = {path: path.stat().st_mtime_ns for path in (site.project / ".rosterbus").glob("ledger.sqlite")}
    column = 'first_name = text("First", direct="first_name", required=True)'
    setting = 'colour = settings.text("The colour.", default="blue")'
    shop.publish("acme", "2.1", kinds=kinds, files=connector(setting=setting, column=column))

    ran = site.market("upgrade", "acme", "--try", "--yes")

    assert ran.code == 0, ran.err
    assert "destination:acme: setting colour is new" in ran.out
    assert "destination:acme: column of students.csv, First is new" in ran.out
    assert "nightly, acme: students.csv has other bytes (2 -> 2 rows, " in ran.out
    assert "source:acme" not in ran.out
    assert "Example" not in ran.out
    after = {path: path.stat().st_mtime_ns for path in (site.project / ".rosterbus").glob("ledger.sqlite")}
    assert after == before
    assert read_lock(site.project / "rosterbus.lock").versions("rosterbus-acme")[0].version == "2.0"
    assert list(site.packages.glob("rosterbus_acme-2.0*"))
    assert site.market("verify").code == 0
    shop.publish("acme", "2.2", kinds=kinds, files=connector())
    ran = site.market("upgrade", "acme", "--swap")
    assert ran.code == 0, ran.err
    assert "rosterbus-acme: 2.0 -> 2.1" in ran.out
    assert list(site.packages.glob("rosterbus_acme-2.1*"))
    assert "nothing was tried" in site.market("upgrade", "acme", "--swap").err


def test_a_release_that_fails_when_it_is_tried_says_so_and_replaces_nothing(site: Site, shop: Shop):
    kinds = ("source", "destination")
    shop.publish("acme", "2.0", kinds=kinds, files=connector())
    assert site.market("install", "acme", "--yes").code == 0
    shop.publish("acme", "2.1", kinds=kinds, files=connector(column="last = 1 / 0"))

    ran = site.market("upgrade", "acme", "--try", "--yes")

    assert ran.code == 0, ran.err
    assert "destination:acme fails: " in ran.out
    assert "ZeroDivisionError" in ran.out
    assert list(site.packages.glob("rosterbus_acme-2.0*"))
