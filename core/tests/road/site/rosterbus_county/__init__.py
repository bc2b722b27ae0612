"""The rules of a county for every vendor, for the core's own tests; they keep their word unless `FAULTS` says else."""

import itertools
import urllib.request

from rosterbus import settings
from rosterbus.findings import Finding, Rule, RuleDoc
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Direct

PAGE = "https://county.example.org/privacy"
FAULTS: set[str] = set()
COUNTER = itertools.count()
UNGRADED = RuleDoc(
    "students without a grade", "every student is sent with a grade", "hold", PAGE, "fill them"
)
RULES = (UNGRADED,)


class Settings(settings.Settings):
    domain = settings.text("Where the county's mail is.", default="example.org")
    ungraded = settings.number("How many students may be without a grade.", default=0, least=0)


@hookimpl
def validate(layout, settings):
    source = "" if "rule without a source" in FAULTS else PAGE
    said = f"Mail is only known at {settings.domain}."
    return [
        Rule(f"{quoted(name)} = '' OR {quoted(name)} LIKE '%@{settings.domain}'", (name,), said, source)
        for name in fed_by(layout, "email")
    ]


@hookimpl
def judge(plan, settings):
    found = []
    if "reaches out" in FAULTS:
        urllib.request.urlopen("http://127.0.0.1:9/")
    for view in plan.layouts.values():
        if "changes counts" in FAULTS:
            view.counts.read += 1
        for name in fed_by(view.spec, "grade"):
            found += judged(view, name, settings)
    return found


def judged(view, name, settings):
    ungraded = view.count(f"{quoted(name)} = ''")
    if "never holds" in FAULTS or (ungraded <= settings.ungraded and "always holds" not in FAULTS):
        return []
    told = f"{ungraded} students have no grade"
    if "never the same" in FAULTS:
        told += f" ({next(COUNTER)})"
    if "tells a cell" in FAULTS:
        last = quoted(fed_by(view.spec, "last_name")[0])
        cells = view._connection.execute(f"SELECT any_value({last}) FROM {view._rendered.table}").fetchall()
        told += f", as {cells[0][0]}"
    if "unknown severity" in FAULTS:
        return [Finding("panic", UNGRADED.name, told, PAGE)]
    if "rule of no list" in FAULTS:
        return [Finding("hold", "something else", told, PAGE)]
    return [UNGRADED.finding(told, layout=view.spec.name, count=ungraded)]


def fed_by(layout, column):
    """The vendor's columns that hold a roster column as it is."""
    return [
        one.name for one in layout.columns if isinstance(one.source, Direct) and one.source.column == column
    ]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'
