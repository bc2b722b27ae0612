"""What the article says of exports, and what follows from it, as rules on a whole plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from rosterbus.findings import Finding, RuleDoc
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values

from rosterbus_enroll.folders import start_year
from rosterbus_enroll.published import ARTICLE

NO_TEST = RuleDoc(
    "test file",
    "an export knows no test file: its test record is an export of one registration",
    "refuse",
    ARTICLE,
    "run without --test; for a test record: rosterbus run PIPELINE --only ID",
)
ONE_FILE_A_YEAR = RuleDoc(
    "one file a year",
    "each start year has one folder with one file, so a school year is written in one way only",
    "refuse",
    ARTICLE,
    "write `school_year` in one way: [source.map.registrations.columns] school_year = { transform = ... }",
)
UNREAD = RuleDoc(
    "not yet read",
    "the file before is overwritten, so nothing goes until the SIS must have read it (`pickup_hours`)",
    "not due",
    ARTICLE,
)
OVERWRITES = RuleDoc(
    "overwrites the same day",
    "a second export of one day overwrites the first, and holds only what was synced since",
    "warn",
    ARTICLE,
    "see that the SIS has read it before the next one goes; with `pickup_hours` the next one waits for that",
)
NOT_SYNCED = RuleDoc(
    "students for registrations",
    '`records = "students"`: nobody approves or syncs them, so whoever is active and changed is exported',
    "warn",
    ARTICLE,
)
RULES = (NO_TEST, ONE_FILE_A_YEAR, UNREAD, OVERWRITES, NOT_SYNCED)


def judged(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """What the rules say of a plan; that of time also when it is applied."""
    found = list(_overwriting(plan, settings))
    if plan.test:
        found.append(NO_TEST.finding())
    if plan.layouts and settings.records == "students":
        found.append(NOT_SYNCED.finding())
    years = Counter(start_year(file) for file in plan.files)
    if spelt := sorted(year for year, files in years.items() if files > 1):
        sentence = f"the school year that begins in {', '.join(spelt)} is written in several ways"
        found.append(ONE_FILE_A_YEAR.finding(f"{sentence}, and there is one file for it"))
    return found


def _overwriting(plan: PlanView, settings: Values) -> Iterator[Finding]:
    last = max(plan.own_sent, default=None)
    if last is None:
        return
    if settings.pickup_hours is not None:
        due = last + timedelta(hours=settings.pickup_hours)
        if plan.now < due:
            sentence = f"the SIS may not have read the export of {last:%Y-%m-%d %H:%M} yet"
            yield UNREAD.finding(sentence, until=due)
    elif plan.layouts and last.date() == plan.now.date():
        sentence = f"the export of {last:%H:%M} today will be overwritten by one that holds only what was synced since"
        yield OVERWRITES.finding(sentence)
