"""Handshake's published rules on a whole file and on when it comes."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from rosterbus.findings import Finding, RuleDoc
from rosterbus.plan.view import LayoutView, PlanView
from rosterbus.settings import Values

from rosterbus_handshake.published import (
    ALUMNI_MONTHS,
    ASSIGNED_FOLDER,
    AUTOMATING,
    AUTORUN,
    CONTACT,
    DISABLED_SHARE,
    EMAIL_SHARE,
    HOURS_BETWEEN,
    SENSITIVE,
    TEST_WORDS,
)

# Handshake does not say when its semester begins; the shortest way from one to the next is four months.
MONTHS_BETWEEN = {"weekly": 0, "monthly": 1, "semesterly": 4}
SEND_TESTS = "rosterbus run PIPELINE --test"
MEND = "mend the export or the mapping and run the pipeline again; the new plan takes the place of this one"

TRIAL = RuleDoc("trial stage", "no live file before Handshake has agreed to live files", "refuse", AUTOMATING)
FIRST_LIVE = RuleDoc("first live file", "test files go before the first live file", "warn", AUTOMATING)
TEST_NAME = RuleDoc(
    "name of a test file", "no live file's name contains `test` or `sample`", "refuse", AUTORUN
)
ONE_A_DAY = RuleDoc("24 hours", f"one file in {HOURS_BETWEEN} hours", "not due", AUTOMATING)
CADENCE = RuleDoc(
    "cadence",
    "students go weekly, monthly or each semester, alumni at most monthly",
    "not due",
    AUTOMATING,
)
EMAILS = RuleDoc(
    "e-mail changes", f"fewer than {EMAIL_SHARE}% of the rows change `email_address`", "hold", AUTORUN
)
DISABLED = RuleDoc(
    "disabled accounts",
    f"fewer than {DISABLED_SHARE}% of the rows that are new or changed disable an account",
    "hold",
    AUTORUN,
)
IDENTIFIERS = RuleDoc(
    "identifiers never change", "a known username keeps its `auth_identifier`", "hold", SENSITIVE
)
RECENT_ALUMNI = RuleDoc(
    "recent alumni", f"alumni of the last {ALUMNI_MONTHS} months only", "hold", AUTOMATING
)
RULES = (
    TRIAL,
    FIRST_LIVE,
    TEST_NAME,
    ONE_A_DAY,
    CADENCE,
    EMAILS,
    DISABLED,
    IDENTIFIERS,
    RECENT_ALUMNI,
)


def judged(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """What Handshake's rules say of a plan; nothing of a test file, which is never processed."""
    if plan.test:
        return []
    found = [*_stage(plan, settings), *_name(settings), *_due(plan, settings)]
    for view in plan.layouts.values():
        found += [*_emails(view), *_disabled(view), *_identifiers(view)]
        found += _alumni(view, plan.now.date()) if settings.alumni else []
    return found


def _stage(plan: PlanView, settings: Values) -> Iterator[Finding]:
    if settings.stage == "test files":
        yield TRIAL.finding(
            f"Handshake takes test files only so far, as `stage` says; send one by: {SEND_TESTS}",
            cause="the trial with Handshake has not come to live files",
            if_wrong='once Handshake has agreed to live files, write stage = "watched"',
        )
    elif settings.stage == "watched":
        yield TRIAL.finding(
            "Handshake's people watch each live file before it is processed, as `stage` says",
            severity="warn",
            if_wrong='once Handshake has turned auto-run on, write stage = "auto-run"',
        )
    elif not plan.sent:
        yield FIRST_LIVE.finding(
            f"no live file has gone there yet, and Handshake asks for test files first: {SEND_TESTS}",
            if_wrong='while the trial lasts, write stage = "test files"',
        )


def _name(settings: Values) -> Iterator[Finding]:
    """The names that `address` gives are clean; what is left is the folder."""
    folder = settings.bucket_folder
    for word in TEST_WORDS:
        if word in folder.lower():
            # A school may well be called so; Handshake itself gave it that folder.
            assigned = folder.startswith(ASSIGNED_FOLDER)
            yield TEST_NAME.finding(
                f"`{word}` is in the name of the folder {folder}: Handshake may take every file for a test "
                "file, which it never processes",
                severity="warn" if assigned else "refuse",
                cause="a folder for trials, or a word such as latest",
                if_wrong=f"write the `bucket_folder` that Handshake gave the school, or ask {CONTACT}",
            )


def _due(plan: PlanView, settings: Values) -> Iterator[Finding]:
    """Times are compared in UTC: a day with a change of the clock is not 24 hours long."""
    last = plan.last_sent
    if last is None:
        return
    pause = last.astimezone(UTC) + timedelta(hours=HOURS_BETWEEN)
    if plan.now.astimezone(UTC) < pause:
        yield ONE_A_DAY.finding(
            f"Handshake processes one file in {HOURS_BETWEEN} hours, and the last went {last:%Y-%m-%d %H:%M}",
            until=pause.astimezone(last.tzinfo),
        )
    # Students and alumni share a folder, and each goes at its own pace.
    last = max(plan.own_sent, default=None)
    if last is None:
        return
    cadence = "monthly" if settings.alumni and settings.cadence == "weekly" else settings.cadence
    # By the day: a nightly job that starts a second earlier than last week is still on time.
    due = datetime.combine(_next_day(last.date(), cadence), time.min, last.tzinfo)
    if plan.now.astimezone(UTC) < due.astimezone(UTC):
        what = "alumni" if settings.alumni else "students"
        yield CADENCE.finding(
            f"{what} go {cadence}, the last file went {last:%Y-%m-%d %H:%M}, the next is due {due:%Y-%m-%d}",
            until=due,
        )


def _next_day(last: date, cadence: str) -> date:
    months = MONTHS_BETWEEN[cadence]
    return _months_later(last, months) if months else last + timedelta(days=7)


def _months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a month that is too short."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _emails(view: LayoutView) -> Iterator[Finding]:
    rows = view.counts.staged + view.counts.leaver_rows
    changed = view.changed("email_address")
    if changed and changed * 100 >= rows * EMAIL_SHARE:
        yield EMAILS.finding(
            f"{changed} of {rows} rows change `email_address`; at {EMAIL_SHARE}% Handshake updates none of "
            "them and stops autorun",
            layout=view.spec.name,
            cause="another e-mail column, a new domain, or rows that moved against each other",
            if_wrong=f"{MEND}; if it is right, tell {CONTACT} before you approve",
            numbers={"changed": changed, "rows": rows, "limit": EMAIL_SHARE / 100},
        )


def _disabled(view: LayoutView) -> Iterator[Finding]:
    leavers = view.counts.leaver_rows
    moved = view.count(among="moved") + leavers
    disabled = view.count("\"disabled\" = 'TRUE'", among="moved") + leavers
    if disabled and disabled * 100 >= moved * DISABLED_SHARE:
        yield DISABLED.finding(
            f"{disabled} of {moved} rows that are new or changed disable an account; at {DISABLED_SHARE}% "
            "Handshake stops autorun",
            layout=view.spec.name,
            cause="the end of a term, or an export that is not whole",
            if_wrong=f"{MEND}; if it is right, tell {CONTACT} before you approve",
            numbers={"disabled": disabled, "moved": moved, "limit": DISABLED_SHARE / 100},
        )


def _identifiers(view: LayoutView) -> Iterator[Finding]:
    """Of `username` nobody can tell: it is the key, so that another one is another person."""
    changed = view.changed("auth_identifier")
    if changed:
        yield IDENTIFIERS.finding(
            f"{changed} students that Handshake knows would get another `auth_identifier`, and such rows "
            "fail in an automated sync",
            layout=view.spec.name,
            cause="another column, a new single sign-on, or user names that were given to other people",
            if_wrong=f"{MEND}; if it is right, upload the file by hand as a job that changes identifier data",
            numbers={"changed": changed},
        )


def _alumni(view: LayoutView, today: date) -> Iterator[Finding]:
    since = _months_later(today, -ALUMNI_MONTHS)
    ended = '"primary_education:end_date"'
    outside = view.count(f"{ended} < '{since}' OR {ended} > '{today}'")
    if outside:
        yield RECENT_ALUMNI.finding(
            f"{outside} rows have an end_date outside {since} to {today}; Handshake takes alumni of the last "
            f"{ALUMNI_MONTHS} months only",
            layout=view.spec.name,
            cause="`where` of the pipeline lets older alumni or students through",
            if_wrong=f"narrow `where`; to send more than that, ask {CONTACT} before you approve",
            numbers={"outside": outside},
        )
