"""A made-up run that has everything in it, and a browser to look at its page."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import rosterbus_html_report
from playwright.sync_api import Browser, Page, sync_playwright
from rosterbus.findings import Finding, Problem
from rosterbus.reports import ReportedDelivery, ReportedLayout, Run, Upload

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
CHICAGO = ZoneInfo("America/Chicago")
STARTED = datetime(2026, 11, 20, 21, 4, 31, tzinfo=CHICAGO)
SCHOOLS = {
    "0101": "Lincoln Elementary School",
    "0102": "Oak Street Elementary School",
    "0107": "Rosa Parks Middle School",
    "0123": "Springfield High School",
    "0140": "Riverside Academy of Arts and Sciences",
}
GRADES = ("KG", *(f"{grade:02}" for grade in range(1, 13)))
WRONG = {
    ("Birth Date", "Not a valid date."): 214,
    ("Gender", "Must be one of: F, M."): 61,
    ("email_address", "Not a valid email address."): 23,
    ("Student Id", "Longer than maximum length 20."): 4,
    ("", "the record has 31 cells, and the header has 28"): 2,
}
IF_WRONG = "mend the export and run the pipeline again; the new plan takes the place of this one"


@dataclass
class Seen:
    """A page in the browser, with everything that it said and asked for."""

    page: Page
    path: Path
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def seen(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens the page of a run. A page that says anything on the console, or asks for anything, fails its test."""
    opened: list[Seen] = []
    with ExitStack() as stack:

        def look(run: Run, **options: Any) -> Page:
            [path] = rosterbus_html_report.report(run, tmp_path)
            context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
            stack.callback(context.close)
            context.set_default_timeout(15_000)
            one = Seen(context.new_page(), path)
            one.page.on("console", lambda message: one.said.append(message.text))
            one.page.on("pageerror", lambda error: one.said.append(str(error)))
            one.page.on("dialog", lambda dialog: one.said.append(dialog.message))
            one.page.on("request", lambda request: one.asked.append(request.url))
            one.page.goto(path.as_uri())
            opened.append(one)
            return one.page

        yield look
        for one in opened:
            assert one.said == []
            assert one.asked == [one.path.as_uri()]


@pytest.fixture
def springfield_run() -> Callable[..., Run]:
    return springfield


@pytest.fixture
def wrong() -> Callable[..., list[Problem]]:
    return wrong_rows


@pytest.fixture
def held_receipt() -> Callable[..., dict[str, Any]]:
    return a_receipt


def shares(whole: int, names: Sequence[str], *, dice: random.Random) -> dict[str, int]:
    """A number dealt out to some names."""
    cuts = sorted(dice.randint(0, whole) for _ in names[1:])
    return {
        name: after - before for name, before, after in zip(names, [0, *cuts], [*cuts, whole], strict=True)
    }


def moved(
    counts: Mapping[str, int], names: Sequence[str], *, dice: random.Random
) -> dict[str, dict[str, int]]:
    """Counts by school or grade that add up to those of the layout."""
    by_kind = {
        kind: shares(counts.get(kind, 0), names, dice=dice)
        for kind in ("read", "new", "changed", "removed", "rejected")
    }
    return {name: {"had": 480, **{kind: dealt[name] for kind, dealt in by_kind.items()}} for name in names}


def wrong_rows(file: str, wrong: Mapping[tuple[str, str], int], *, values: bool = False) -> list[Problem]:
    """Problems in the order of the file."""
    causes = [cause for cause, count in wrong.items() for _ in range(count)]
    random.Random(4).shuffle(causes)
    return [
        Problem(
            file,
            row,
            column,
            message,
            kind="vendor" if message.startswith("refused by the vendor") else "invalid",
            key=f"s{100000 + row * 7}" if column else "",
            value=(f"cell {row}" if column != "Gender" else "") if values else None,
        )
        for row, (column, message) in enumerate(causes, 3)
    ]


def a_layout(
    counts: Mapping[str, int],
    wrong: Mapping[tuple[str, str], int],
    *,
    name: str = "students",
    values: bool = False,
) -> ReportedLayout:
    dice = random.Random(name)
    return ReportedLayout(
        name,
        "users.csv",
        wrong_rows("users.csv", wrong, values=values),
        counts=counts,
        schools=moved(counts, list(SCHOOLS), dice=dice),
        grades=moved(counts, GRADES, dice=dice) if name == "students" else {},
        columns={"grade_level": 31, "email_address": 18, "last_name": 4, "auth_identifier": 2}
        if counts["changed"]
        else {},
        completeness="complete",
        proof="manifest says bulk",
    )


def a_receipt(name: str, state: str, layouts: Mapping[str, Mapping[str, int]], **more: Any) -> dict[str, Any]:
    raw = {
        "users": {
            "file": "users.csv",
            "read": 4102,
            "used": 4013,
            "unused": {"no layout needs it": 85},
            "rejected": 4,
        },
        "orgs": {"file": "orgs.csv", "read": 6, "used": 5, "unused": {"not a school": 1}, "rejected": 0},
        "enrollments": {
            "file": "enrollments.csv",
            "read": 8320,
            "used": 0,
            "unused": {"no layout needs it": 8303, "dangling reference: no such user": 17},
            "rejected": 0,
        },
    }
    return {
        "pipeline": "springfield",
        "delivery": name,
        "destination": name,
        "target": "sftp://district@sftp.example.org:22/upload",
        "plan": f"{name[:4]}7f3a",
        "id": f"{name[:4]}7f3a-1" if state == "confirmed" else None,
        "test": False,
        "state": state,
        "because": "",
        "due": None,
        "outcome": "processed" if state == "confirmed" else "unknown",
        "guarantee": "conditional put: delivered once",
        "files": [
            {
                "name": f"{one}.csv",
                "rows": 2388,
                "bytes": 412_880,
                "sha256": "9c1e4b70" * 8,
                "remote": f"20261121_{one}.csv",
            }
            for one in layouts
        ],
        "counts": layouts,
        "raw": raw,
        "balanced": True,
        "evidence": {
            "etag": '"6cadbbcd406077cc"',
            "files": [{"bytes": 412_880, "verified": "content"}],
            "overdue": False,
        },
        "started": "2026-11-21T03:04:32.713482+00:00",
        "ended": "2026-11-21T03:04:39.226943+00:00",
        **more,
    }


DELIVERED = {"read": 2412, "delivered": 2102, "unchanged": 0, "filtered": 282, "rejected": 28, "held": 0,
             "new": 121, "changed": 58, "removed": 12}  # fmt: skip
HELD = {"read": 2412, "delivered": 0, "unchanged": 0, "filtered": 9, "rejected": 279, "held": 2124,
        "new": 21, "changed": 88, "removed": 412}  # fmt: skip
GUARDIANS = {"read": 4023, "delivered": 0, "unchanged": 0, "filtered": 19, "rejected": 0, "held": 4004,
             "new": 40, "changed": 0, "removed": 0}  # fmt: skip
WARNINGS = (
    Finding(
        "warn",
        "card_id",
        "card_id is empty (312 rows)",
        "https://support.example.org/articles/student-file",
        layout="students",
        numbers={"count": 312, "of": 2388},
    ),
    Finding(
        "warn",
        "overdue",
        "the last file has no result for 9 days",
        "Handshake, importer",
        if_wrong="ask the vendor",
    ),
    Finding("pass", "row limit", "at most 100,000 rows", "Handshake, student file"),
    Finding("pass", "file size", "at most 250 MB", "Handshake, student file"),
)
HOLDS = (
    *(
        Finding(
            "hold",
            "share removed",
            f"{count} of {of} rows ({count / of:.0%}) of `students`{where} are removed; the limit is 10%",
            layout="students",
            school=school,
            cause="an export that is not whole: a school, a grade or a page missing, or a filter changed",
            if_nothing="the vendor keeps what it holds now, and nothing of this plan is sent",
            if_wrong=IF_WRONG,
            numbers={"count": count, "of": of, "limit": 0.1},
        )
        for count, of, where, school in ((412, 2530, "", ""), (409, 411, " of school 0123", "0123"))
    ),
    Finding(
        "hold",
        "no baseline",
        "nobody knows what samegoal holds of `guardians`, and what is missing from the file is deleted there",
        layout="guardians",
        cause="the first delivery of this pipeline",
        if_nothing="the vendor keeps what it holds now, and nothing of this plan is sent",
        if_wrong="rosterbus baseline springfield --deliver samegoal --from FILE, with what the vendor holds",
        if_right="rosterbus baseline springfield --deliver samegoal --empty, if the vendor holds nothing yet",
    ),
)


def springfield(*, values: bool = False, problems: Sequence[Problem] | None = None, **more: Any) -> Run:
    """One delivery that arrived and one that is held, at five schools, with warnings and problems."""
    few = {("email_address", "Not a valid email address."): 23, ("Student Id", "Longer than maximum length 20."): 4,
           ("", "the record has 31 cells, and the header has 28"): 1}  # fmt: skip
    students = a_layout(HELD, WRONG, values=values)
    if problems is not None:
        students = replace(students, problems=problems)
    deliveries = [
        ReportedDelivery(
            "handshake",
            [a_layout(DELIVERED, few, values=values)],
            "hand7f3a",
            "handshake",
            "go",
            findings=WARNINGS,
        ),
        ReportedDelivery(
            "samegoal",
            [students, a_layout(GUARDIANS, {}, name="guardians")],
            "same7f3a",
            "samegoal",
            "held",
            HOLDS[0].sentence,
            HOLDS,
        ),
    ]
    history = [
        Upload(f"202611{day}_users.csv", "processed" if day % 3 else "processed with errors",
               STARTED - timedelta(days=20 - day), f"runs/{day}/report", "handshake", f"9f3{day}")
        for day in range(20, 10, -1)
    ]  # fmt: skip
    run = Run(
        "12",
        "springfield",
        STARTED,
        deliveries,
        [
            a_receipt("handshake", "confirmed", {"students": DELIVERED}),
            a_receipt(
                "samegoal", "held", {"students": HELD, "guardians": GUARDIANS}, because=HOLDS[0].sentence
            ),
        ],
        history=history,
        schools=SCHOOLS,
        values=values,
    )
    return replace(run, **more)
