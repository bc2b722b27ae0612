"""What mySciLEARN publishes as rules on a whole plan, and when it may run."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from rosterbus.deliveries import StagedFile
from rosterbus.engine import quoted
from rosterbus.findings import Finding, RuleDoc
from rosterbus.layouts import LayoutSpec, Skip
from rosterbus.plan.view import LayoutView, PlanView
from rosterbus.settings import Values

from rosterbus_scilearn.published import ARTICLE, IMPORTING, TRANSFERRING, UPDATING

SATURDAY = 5

NO_TEST = RuleDoc(
    "test file",
    "mySciLEARN knows no test file: whatever is started updates students",
    "refuse",
    ARTICLE,
    "run without --test, or try it out on the twin: rosterbus rehearse PIPELINE",
)
HEADER = RuleDoc(
    "header line",
    "the first line of the file is its header, and every row has as many fields, separated by commas",
    "refuse",
    UPDATING,
    "run the pipeline again, which writes the file anew; if it stays so, report it to the connector's maintainers",
)
UNMAPPED = RuleDoc(
    "column without values",
    "a column of the file is mapped, or left out by `columns`, since nobody publishes whether a blank takes away what "
    "mySciLEARN has",
    "refuse",
    UPDATING,
    "map it below `map` in the pipeline, or take it out of `columns`",
)
BLANK = RuleDoc(
    "blank cells",
    "nobody publishes whether a blank takes away what mySciLEARN has",
    "warn",
    UPDATING,
)
NEW = RuleDoc(
    "students to be imported",
    "an update changes students who are there already; new ones are imported first",
    "warn",
    f"{UPDATING}; {IMPORTING}",
    "import those who are not at mySciLEARN yet on its website, then run the pipeline",
)
TRANSFERS = RuleDoc(
    "transfers",
    "another SCHOOL_ID moves a student, who loses staff and groups of the old school, and assignments that the new "
    "one has no products for",
    "warn",
    TRANSFERRING,
)
LEAVERS = RuleDoc(
    "leavers", "an update takes nobody away: who is missing from the file stays as before", "warn", UPDATING
)
QUIET = RuleDoc(
    "quiet hours",
    "updates run at night or on the weekend, when students do not use the product; with "
    '`quiet_hours = "not due"` they wait for that',
    "warn",
    ARTICLE,
)
RULES = (NO_TEST, HEADER, UNMAPPED, BLANK, NEW, TRANSFERS, LEAVERS, QUIET)


def judged(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """What mySciLEARN's rules say of a plan; at the last moment that of time alone."""
    found = list(_quiet(plan, settings))
    if plan.test:
        found.append(NO_TEST.finding())
    for view in plan.layouts.values():
        found += [*_columns(view), *_students(view)]
        found += [
            one for file in plan.files if file.layout == view.spec.name for one in _header(file, view.spec)
        ]
    return found


def quiet_from(now: datetime, settings: Values) -> datetime:
    """The first moment from `now` on that is at night or on a weekend."""
    begins, ends = (time.fromisoformat(settings[name]) for name in ("night_begins", "night_ends"))
    clock = now.timetz().replace(tzinfo=None)
    night = begins <= clock or clock < ends if ends < begins else begins <= clock < ends
    if now.weekday() >= SATURDAY or night:
        return now
    tonight = datetime.combine(now.date(), begins, now.tzinfo)
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    if tonight > now:
        return tonight
    # The night lies wholly in the morning and is over; the next one, or a Saturday, comes first.
    return (
        tomorrow if tomorrow.weekday() >= SATURDAY else datetime.combine(tomorrow.date(), begins, now.tzinfo)
    )


def _quiet(plan: PlanView, settings: Values) -> Iterator[Finding]:
    begins = quiet_from(plan.now, settings)
    if settings.quiet_hours == "off" or begins == plan.now:
        return
    sentence = f"{QUIET.sentence.partition(';')[0]}; the next night or weekend begins {begins:%Y-%m-%d %H:%M}"
    if settings.quiet_hours == "not due":
        yield QUIET.finding(sentence, severity="not due", until=begins)
    elif plan.layouts:
        yield QUIET.finding(sentence)


def _columns(view: LayoutView) -> Iterator[Finding]:
    name = view.spec.name
    skipped = [one.name for one in view.spec.columns if isinstance(one.source, Skip)]
    if skipped:
        sentence = f"the pipeline does not map {', '.join(skipped)}; {UNMAPPED.sentence}"
        yield UNMAPPED.finding(sentence, layout=name, count=len(skipped))
    for column in view.spec.columns:
        if column.name not in skipped and (blank := view.count(f"{quoted(column.name)} = ''")):
            sentence = f"{column.name} is blank in {blank} rows, and {BLANK.sentence}"
            yield BLANK.finding(sentence, layout=name, count=blank)


def _students(view: LayoutView) -> Iterator[Finding]:
    name, difference = view.spec.name, view.difference
    if view.has_baseline and difference.new:
        sentence = f"{difference.new} students were never sent before; {NEW.sentence}"
        yield NEW.finding(sentence, layout=name, count=difference.new)
    if difference.removed:
        sentence = f"{difference.removed} students are no longer in the roster; {LEAVERS.sentence}"
        yield LEAVERS.finding(sentence, layout=name, count=difference.removed)
    schools = [one.name for one in view.spec.columns if one.attribute == "school_id"]
    for column in schools if view.has_baseline else ():
        if moved := view.changed(column):
            sentence = f"{moved} students get another {column}; {TRANSFERS.sentence}"
            yield TRANSFERS.finding(sentence, layout=name, count=moved)


def _header(file: StagedFile, spec: LayoutSpec) -> Iterator[Finding]:
    """Read the staged file back with another parser than the one that wrote it."""
    try:
        with file.path.open(encoding=spec.dialect.encoding, newline="") as opened:
            records = csv.reader(opened, strict=True)
            header = next(records, [])
            uneven = sum(len(record) != len(header) for record in records)
    except (csv.Error, UnicodeDecodeError) as error:
        sentence = (
            f"{file.name} cannot be read back as CSV in {spec.dialect.encoding} ({type(error).__name__})"
        )
        yield HEADER.finding(sentence, layout=spec.name)
        return
    if header != [one.name for one in spec.columns if one.written]:
        wanted = ", ".join(one.name for one in spec.columns if one.written)
        yield HEADER.finding(
            f"the first line of {file.name} is not its header; needed: {wanted}", layout=spec.name
        )
    if uneven:
        sentence = f"{uneven} rows of {file.name} have another number of fields than the header"
        yield HEADER.finding(sentence, layout=spec.name, count=uneven)
