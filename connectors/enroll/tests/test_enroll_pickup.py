"""What is picked up: a file that is new, whole and as the settings say; and what is told where it is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rosterbus.engine import open_engine
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.extracts import Extract, Nothing, SourceState, Unchanged
from rosterbus.fetching import Fetcher
from rosterbus.plan.extraction import load_extract
from rosterbus.private import private_folder
from rosterbus.project import validate_settings
from rosterbus.project.documents import Document
from rosterbus_enroll.published import SEPARATORS, TEXT_IDENTIFIERS
from rosterbus_enroll.settings import PickupSettings
from rosterbus_enroll.source import extract


@pytest.fixture
def exported(service, register, when):
    """Registers, syncs and exports."""

    def exported(*names, moment=None, **cells):
        moment = moment or when(21)
        register(*names, **cells)
        for name in names:
            service.sync(name, moment - timedelta(hours=1))
        return service.export(moment)

    return exported


@pytest.fixture
def pick_up(service, tmp_path, when):
    """Looks once; `state` is what the last look remembered."""

    def pick_up(moment=None, state=None, fetch=None, **settings):
        given = {"location": str(service.folder / service.file_name), **settings}
        values = validate_settings(PickupSettings, given, Document({}, tmp_path))
        private_folder(tmp_path / "run")
        fetching = fetch or Fetcher(tmp_path / "copies", start=tmp_path)
        return extract(values, SourceState(state or {}, tmp_path / "run", moment or when(22), fetching))

    return pick_up


@pytest.fixture
def cells(tmp_path):
    """The raw cells of an answer by row, in the order of the headers."""

    def cells(answer, moment):
        with open_engine(private_folder(tmp_path / "engine")) as connection:
            extracted = load_extract(connection, answer, clock=moment)
            columns = ", ".join(f'"{name}"' for name in extracted.tables["registrations"].columns)
            rows = connection.execute(f"SELECT {columns} FROM raw.registrations ORDER BY _row").fetchall()
            return rows, extracted.problems

    return cells


def rules(answer):
    return [(one.rule, one.severity) for one in answer.findings]


def test_no_file_is_nothing_and_the_look_is_remembered(pick_up, when):
    answer = pick_up()
    assert isinstance(answer, Nothing)
    assert answer.proof == "there is no export file, so nothing was synced"
    assert answer.state == {"looked": when(22).isoformat(), "files": {}}


def test_a_file_is_a_change_set_and_the_same_one_again_is_unchanged(exported, pick_up, when):
    exported("R1")
    first = pick_up()
    assert isinstance(first, Extract)
    assert rules(first) == [("first export", "warn")]
    [(name, changes)] = first.tables.items()
    assert (name, changes.key, changes.from_nothing) == ("registrations", ("Registration ID",), True)
    assert changes.completeness.level == "partial"
    again = pick_up(when(22, day=21), first.state)
    assert isinstance(again, Unchanged)
    assert again.state["looked"] == when(22, day=21).isoformat()


def test_another_file_in_its_place_is_picked_up(exported, pick_up, when):
    exported("R1")
    state = pick_up().state
    exported("R2", moment=when(21, day=21))
    answer = pick_up(when(22, day=21), state)
    assert isinstance(answer, Extract)
    assert rules(answer) == []


def test_a_file_that_is_gone_is_nothing_and_the_same_one_back_is_no_news(exported, pick_up, service):
    exported("R1")
    state = pick_up().state
    content = (service.folder / service.file_name).read_bytes()
    (service.folder / service.file_name).unlink()
    gone = pick_up(state=state)
    assert isinstance(gone, Nothing)
    (service.folder / service.file_name).write_bytes(content)
    assert isinstance(pick_up(state=gone.state), Unchanged)


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("identifier", TEXT_IDENTIFIERS)
def test_every_separator_and_text_identifier_is_read(
    service, exported, pick_up, cells, when, separator, identifier
):
    service.separator, service.text_identifier = separator, identifier
    odd = 'O\'Neil, "Zoë"; a|b\tc\nhouse'
    exported("R1", first_name=odd)
    rows, problems = cells(pick_up(separator=separator, text_identifier=identifier), when(22))
    assert [row[:3] for row in rows] == [("R1", "S1", odd)]
    assert problems == []


def test_another_encoding_is_read_as_the_settings_declare_and_never_guessed(
    service, exported, pick_up, cells, when
):
    service.encoding = "windows-1252"
    exported("R1", first_name="Zoë")
    rows, _ = cells(pick_up(encoding="windows-1252"), when(22))
    assert rows[0][2] == "Zoë"
    rows, problems = cells(pick_up(), when(22))
    assert (rows, [one.kind for one in problems]) == ([], ["encoding"])


def test_the_districts_headers_are_read_and_one_that_is_missing_is_told(service, exported, pick_up):
    service.columns = {"Nr": "student_id", "Vorname": "first_name"}
    exported("R1")
    answer = pick_up(columns=service.columns)
    assert answer.tables["registrations"].key == ("Nr",)
    with pytest.raises(ConnectorError, match=r"lacks 'DOB' of `columns`; found 'Nr', 'Vorname'; correct"):
        pick_up(columns={**service.columns, "DOB": "birth_date"})
    with pytest.raises(ConnectorError, match=r"no header that can be read .* declare `separator`"):
        pick_up(columns=service.columns, separator="tab")


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"A": "student_id", "B": "school_year"}, ("A", "B")),
        ({"A": "student_id", "B": "registration_id"}, ("B",)),
        ({"A": "student_id", "B": "first_name"}, ("A",)),
    ],
)
def test_a_row_is_known_by_registration_or_by_student_and_year(service, exported, pick_up, columns, key):
    service.columns = columns
    exported("R1")
    assert pick_up(columns=columns).tables["registrations"].key == key
    assert pick_up(columns=columns, key=["A"]).tables["registrations"].key == ("A",)


def test_a_file_that_is_being_written_is_left_for_the_next_run(exported, pick_up, service, tmp_path):
    [path] = exported("R1")
    looks = []

    def fetch(location, transport):
        looks.append(location)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"one more line {len(looks)}\n")
        return path

    with pytest.raises(RetriableError, match="is being written just now; the next run picks it up"):
        pick_up(fetch=fetch)


def test_a_folder_in_the_place_of_the_file_is_refused(pick_up, service):
    service.folder.mkdir()
    with pytest.raises(ConfigError, match="this is a folder; write the export file in it"):
        pick_up(location=str(service.folder))


@pytest.mark.parametrize(("hours", "held"), [(24, False), (36, False), (37, True)])
def test_an_export_that_may_have_been_overwritten_unseen_is_held(exported, pick_up, when, hours, held):
    exported("R1")
    state = pick_up().state
    exported("R2", moment=when(21, day=21))
    answer = pick_up(when(22) + timedelta(hours=hours), state)
    assert rules(answer) == ([("export missed", "hold")] if held else [])
    if held:
        assert "the last look was 37 hours ago, and `missed_hours` allows 36" in answer.findings[0].sentence
    assert rules(pick_up(when(22) + timedelta(hours=hours), state, missed_hours=40)) == []


def test_a_file_that_stayed_the_same_over_a_long_time_hides_nothing(exported, pick_up, when):
    exported("R1")
    state = pick_up().state
    answer = pick_up(when(22, day=28), state)
    assert isinstance(answer, Unchanged)
    assert answer.findings == ()


def test_files_in_folders_of_years_are_found_and_only_those_that_are_new_are_read(
    exported, pick_up, service, when
):
    exported("R1", school_year="2025-2026")
    exported("R2", "R3", moment=when(22), school_year="2025-2026")
    (service.folder / service.file_name).unlink()
    service.register("R4", school_year="2026-2027", student_id="S4")
    service.approve("R4")
    for name in ("R1", "R4"):
        service.sync(name, when(23))
    service.export(when(23))
    assert isinstance(pick_up(), Nothing), "they are not looked for unless that is asked"
    first = pick_up(year_folders=True)
    assert [table.file for table in first.tables["registrations"].tables] == [
        "2025/registrations.csv",
        "2026/registrations.csv",
    ]
    service.sync("R1", when(8, day=21))
    service.sync("R4", when(8, day=21))
    service.change("R4", first_name="Bea")
    service.sync("R4", when(9, day=21))
    service.export(when(21, day=21))
    second = pick_up(when(22, day=21), first.state, year_folders=True)
    assert [table.file for table in second.tables["registrations"].tables] == ["2026/registrations.csv"]


def test_a_file_beside_the_folders_and_one_in_them_say_that_their_order_is_unknown(
    exported, pick_up, service, when
):
    exported("R1", school_year="2025-2026")
    service.register("R2", school_year="2026-2027", student_id="S2")
    service.approve("R2")
    for name in ("R1", "R2"):
        service.sync(name, when(22))
    service.export(when(23))
    assert rules(pick_up(year_folders=True)) == [("order unknown", "warn"), ("first export", "warn")]
