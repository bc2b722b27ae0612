"""Rules on whole files and on time, judged over real tables and a plan of the fields that they read."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from rosterbus.findings import Finding
from rosterbus.plan.rendering import SENT
from rosterbus.plan.view import LayoutView
from rosterbus.settings import Values
from rosterbus_handshake import RULES, judge, layouts

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=CHICAGO)
LONG_AGO = datetime(2026, 1, 5, 2, 0, tzinfo=CHICAGO)
Plan = Callable[..., Any]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("CREATE SCHEMA work")
        yield opened


@pytest.fixture
def make_view(connection: duckdb.DuckDBPyConnection, load_settings: Callable[..., Values]) -> Plan:
    """A layout of a plan: `rows` in the file, the first `moved` of them new or changed."""

    def make(
        *,
        rows: int = 100,
        moved: int = 0,
        disabled: int = 0,
        leavers: int = 0,
        ended: str = "",
        **changed: int,
    ) -> LayoutView:
        [spec] = layouts(load_settings())
        connection.execute(
            f"CREATE TABLE work.students AS SELECT 0 AS _state, if(i < {moved}, 1, 2) AS _change, "
            f"if(i < {disabled}, 'TRUE', '') AS disabled, '{ended}' AS \"primary_education:end_date\" "
            f"FROM range({rows}) AS t(i)"
        )
        connection.execute('CREATE TABLE work."changes students" (kind VARCHAR, columns VARCHAR[])')
        for column, count in changed.items():
            connection.execute(
                f"INSERT INTO work.\"changes students\" SELECT 'changed', ['{column}'] FROM range({count})"
            )
        return LayoutView(
            spec=spec,
            counts=SimpleNamespace(staged=rows, leaver_rows=leavers),
            difference=SimpleNamespace(),
            has_baseline=True,
            completeness=SimpleNamespace(),
            columns=(),
            _connection=connection,
            _rendered=SimpleNamespace(
                table="work.students", sent=SENT[spec.sends], layout=SimpleNamespace(spec=spec)
            ),
            _loaded=SimpleNamespace(),
        )

    return make


def judged(
    settings: Values,
    view: LayoutView | None = None,
    *,
    now: datetime = NOW,
    sent: Sequence[datetime] = (LONG_AGO,),
    own_sent: Sequence[datetime] | None = None,
    test: bool = False,
) -> dict[str, Finding]:
    """What is found, by rule."""
    plan: Any = SimpleNamespace(
        now=now,
        sent=sent,
        own_sent=sent if own_sent is None else own_sent,
        last_sent=max(sent, default=None),
        test=test,
        layouts={"students": view} if view else {},
    )
    found = {finding.rule: finding for finding in judge(plan, settings)}
    known = {rule.name: rule for rule in RULES}
    for finding in found.values():
        assert finding.source == known[finding.rule].source
        if finding.severity in ("refuse", "hold"):
            assert finding.cause
            assert finding.if_nothing
            assert finding.if_wrong
    return found


def test_alumni_and_students_of_one_folder_go_at_their_own_pace(load_settings: Callable[..., Values]) -> None:
    found = judged(load_settings(), sent=[NOW - timedelta(days=2)], own_sent=[LONG_AGO])
    assert "cadence" not in found
    assert "24 hours" in judged(load_settings(), sent=[NOW - timedelta(hours=2)], own_sent=[LONG_AGO])


def test_an_ordinary_file_in_its_week_has_no_findings(
    load_settings: Callable[..., Values], make_view: Plan
) -> None:
    assert judged(load_settings(), make_view(moved=3)) == {}


@pytest.mark.parametrize(
    ("cadence", "last", "due"),
    [
        ("weekly", "2026-11-14 23:59", None),
        ("weekly", "2026-11-14 02:00:09", None),
        ("weekly", "2026-11-15 00:01", "2026-11-22 00:00"),
        ("monthly", "2026-10-21 23:00", None),
        ("monthly", "2026-10-22 01:00", "2026-11-22 00:00"),
        ("monthly", "2026-10-31 01:00", "2026-11-30 00:00"),
        ("semesterly", "2026-07-21 01:00", None),
        ("semesterly", "2026-08-24 01:00", "2026-12-24 00:00"),
    ],
)
def test_a_file_is_due_from_the_first_minute_of_its_day(
    load_settings: Callable[..., Values], cadence: str, last: str, due: str | None
) -> None:
    sent = datetime.fromisoformat(last).replace(tzinfo=CHICAGO)
    found = judged(load_settings(cadence=cadence), sent=[LONG_AGO, sent])
    if due is None:
        assert found == {}
    else:
        assert found["cadence"].severity == "not due"
        assert found["cadence"].until == datetime.fromisoformat(due).replace(tzinfo=CHICAGO)
        assert "Can I automate" in found["cadence"].source
        assert f"students go {cadence}, the last file went {last:.16}" in found["cadence"].sentence


def test_24_hours_are_real_hours_where_the_clock_goes_back(
    load_settings: Callable[..., Values],
) -> None:
    before = datetime(2026, 10, 31, 12, 0, tzinfo=CHICAGO)  # the clock goes back in the night after
    found = judged(load_settings(), now=datetime(2026, 11, 1, 10, 30, tzinfo=CHICAGO), sent=[before])
    assert found["24 hours"].severity == "not due"
    assert found["24 hours"].until == datetime(2026, 11, 1, 17, 0, tzinfo=UTC)
    assert "24 hours" not in judged(
        load_settings(), now=datetime(2026, 11, 1, 11, 0, tzinfo=CHICAGO), sent=[before]
    )


def test_test_files_are_bound_by_no_rule(load_settings: Callable[..., Values], make_view: Plan) -> None:
    settings = load_settings(stage="test files", bucket_folder="latest")
    assert judged(settings, make_view(email_address=100), sent=[NOW], test=True) == {}


def test_the_rules_of_time_are_judged_again_without_layouts(load_settings: Callable[..., Values]) -> None:
    assert set(judged(load_settings(), sent=[NOW])) == {"24 hours", "cadence"}


@pytest.mark.parametrize(("rows", "changed", "held"), [(1000, 99, False), (1000, 100, True), (0, 0, False)])
def test_a_tenth_of_all_e_mails_changing_is_held(
    load_settings: Callable[..., Values], make_view: Plan, rows: int, changed: int, held: bool
) -> None:
    found = judged(load_settings(), make_view(rows=rows, moved=changed, email_address=changed))
    assert ("e-mail changes" in found) is held
    if held:
        finding = found["e-mail changes"]
        assert (finding.severity, finding.layout) == ("hold", "students")
        assert finding.numbers == {"changed": 100, "rows": 1000, "limit": 0.1}
        assert "100 of 1000 rows change `email_address`; at 10%" in finding.sentence


@pytest.mark.parametrize(
    ("moved", "disabled", "leavers", "held"),
    [(10, 4, 0, False), (10, 5, 0, True), (10, 0, 9, False), (10, 0, 10, True), (0, 0, 0, False)],
)
def test_half_of_what_moves_being_disabled_is_held(
    load_settings: Callable[..., Values],
    make_view: Plan,
    moved: int,
    disabled: int,
    leavers: int,
    held: bool,
) -> None:
    found = judged(load_settings(), make_view(moved=moved, disabled=disabled, leavers=leavers))
    assert ("disabled accounts" in found) is held
    if held:
        told = found["disabled accounts"]
        assert (
            told.severity,
            "rows that are new or changed disable an account; at 50%" in told.sentence,
        ) == (
            "hold",
            True,
        )


def test_disabled_rows_that_do_not_move_do_not_count(
    load_settings: Callable[..., Values], make_view: Plan
) -> None:
    assert judged(load_settings(), make_view(moved=0, disabled=90)) == {}


def test_one_changed_auth_identifier_is_held(load_settings: Callable[..., Values], make_view: Plan) -> None:
    found = judged(load_settings(), make_view(moved=1, auth_identifier=1))
    assert found["identifiers never change"].severity == "hold"
    assert "1 students that Handshake knows would get another `auth_identifier`" in (
        found["identifiers never change"].sentence
    )


@pytest.mark.parametrize(
    ("folder", "severity"),
    [
        ("latest", "refuse"),
        ("uploads/Sample-school", "refuse"),
        ("importer-production-protestant_college", "warn"),
        ("importer-production-springfield", None),
    ],
)
def test_a_folder_that_looks_like_one_for_tests_is_pointed_out(
    load_settings: Callable[..., Values], folder: str, severity: str | None
) -> None:
    found = judged(load_settings(bucket_folder=folder))
    assert (found["name of a test file"].severity if found else None) == severity
    assert not found or f"is in the name of the folder {folder}" in found["name of a test file"].sentence


def test_in_the_stage_of_test_files_a_live_file_is_refused(load_settings: Callable[..., Values]) -> None:
    finding = judged(load_settings(stage="test files"))["trial stage"]
    assert finding.severity == "refuse"
    assert "--test" in finding.sentence


def test_a_watched_file_and_a_first_live_file_are_pointed_out(load_settings: Callable[..., Values]) -> None:
    assert judged(load_settings(stage="watched"))["trial stage"].severity == "warn"
    assert judged(load_settings(), sent=[])["first live file"].severity == "warn"


@pytest.mark.parametrize(
    ("ended", "held"),
    [("2026-05-20", True), ("2026-05-21", False), ("2026-11-21", False), ("2026-11-22", True)],
)
def test_alumni_are_of_the_last_six_months(
    load_settings: Callable[..., Values], make_view: Plan, ended: str, held: bool
) -> None:
    found = judged(load_settings(alumni=True), make_view(rows=7, ended=ended))
    assert ("recent alumni" in found) is held
    if held:
        assert found["recent alumni"].numbers == {"outside": 7}
        assert "7 rows have an end_date outside 2026-05-21 to 2026-11-21" in found["recent alumni"].sentence


def test_alumni_go_monthly_at_most(load_settings: Callable[..., Values]) -> None:
    last = datetime(2026, 11, 10, 2, 0, tzinfo=CHICAGO)
    found = judged(load_settings(alumni=True, cadence="weekly"), sent=[last])
    assert found["cadence"].until == datetime(2026, 12, 10, tzinfo=CHICAGO)
    assert judged(load_settings(cadence="weekly"), sent=[last]) == {}
