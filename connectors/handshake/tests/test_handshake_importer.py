"""The importer's published rules, file by file."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from rosterbus_handshake.importer import Analysis, Importer
from rosterbus_handshake.published import CLEAR, REQUIRED_HEADERS

MONDAY = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
NEXT = MONDAY + timedelta(days=7)


def person(number: int, **cells: str) -> dict[str, str]:
    """A row with what every test needs."""
    return {
        **dict.fromkeys(REQUIRED_HEADERS, ""),
        "email_address": f"s{number}@example.org",
        "username": f"{number:04}",
        "auth_identifier": f"auth-{number}",
        "first_name": "Ana",
        **cells,
    }


def written(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def take(
    importer: Importer, *rows: Mapping[str, str], name: str = "20261116_users.csv", at: datetime = MONDAY
) -> Analysis:
    return importer.take(name, written(rows), at)


def known(*rows: Mapping[str, str], domains: Sequence[str] = ()) -> Importer:
    """An importer that holds these people already."""
    importer = Importer(domains)
    assert take(importer, *rows).status == "processed"
    return importer


def test_people_are_created_updated_and_left_alone() -> None:
    importer = known(person(1), person(2))
    analysis = take(importer, person(1), person(2, first_name="Eva"), person(3), at=NEXT)
    assert analysis.status == "processed"
    assert [analysis.counts[kind] for kind in ("unchanged", "updated", "created")] == [1, 1, 1]
    assert importer.accounts.by_username["0002"]["first_name"] == "Eva"


def test_who_is_missing_is_kept() -> None:
    importer = known(person(1), person(2))
    take(importer, person(1), at=NEXT)
    assert set(importer.accounts.by_username) == {"0001", "0002"}


def test_a_blank_keeps_and_clear_takes_away() -> None:
    importer = known(person(1, ethnicity="Asian", card_id="007", veteran="TRUE"))
    take(importer, person(1, ethnicity="", card_id=CLEAR, veteran=CLEAR), at=NEXT)
    stored = importer.accounts.by_username["0001"]
    assert (stored["ethnicity"], stored["card_id"], stored["veteran"]) == ("Asian", "", "TRUE")


def test_a_blank_label_takes_all_labels_away_and_no_header_leaves_them() -> None:
    importer = known(person(1, system_label_names="honors"))
    take(importer, person(1), at=NEXT)
    assert importer.accounts.by_username["0001"]["system_label_names"] == "honors"
    take(importer, person(1, system_label_names=""), at=NEXT + timedelta(days=7))
    assert importer.accounts.by_username["0001"]["system_label_names"] == ""


@pytest.mark.parametrize(
    ("cells", "response"),
    [
        ({"email_address": ""}, '{"email_address":["can\'t be blank"]}'),
        ({"first_name": ""}, '{"first_name":["can\'t be blank"]}'),
        ({"auth_identifier": "other"}, "Attempted to update auth_identifier from _ to _"),
        ({"email_address": "S2@example.org"}, '{"email_address":["is already in use"]}'),
        ({"card_id": "c2"}, '{"card_id":["has already been taken"]}'),
        ({"mobile_number": "555-0123"}, '{"mobile_number":["is invalid"]}'),
        ({"first_name": "Henry 8"}, '{"first_name":["is invalid"]}'),
        (
            {"primary_education:end_date": "2026-08-01"},
            '{"primary_education.end_date":["must be a date on or after primary_education:start_date"]}',
        ),
    ],
)
def test_a_row_that_breaks_a_rule_fails_with_handshakes_words(cells: dict[str, str], response: str) -> None:
    start = {"primary_education:start_date": "2026-08-24", "card_id": ""}
    others = [person(n, card_id=f"c{n}") for n in range(2, 30)]
    importer = known(person(1, **start), *others)
    analysis = take(importer, person(1, **start, mobile_number="") | cells, at=NEXT)
    assert analysis.status == "processed with errors"
    assert [row[-2:] for row in analysis.failed_rows] == [["failed", response]]


def test_the_failed_rows_have_the_original_columns_and_two_more() -> None:
    analysis = take(Importer(), person(1, first_name=""), person(2))
    header, failed = csv.reader(io.StringIO(analysis.failed_rows_csv()))
    assert header == [*person(1), "status", "response"]
    assert failed[1] == "0001"


def test_the_analysis_for_machines_holds_no_cell() -> None:
    analysis = take(Importer(), person(1, first_name="Zaphod9"), person(2, email_address="S1@example.org"))
    assert not any(cell in str(analysis.as_json()) for cell in ("Zaphod9", "example.org", "auth-1"))
    assert (analysis.counts["failed"], analysis.counts["skipped"]) == (1, 1)


@pytest.mark.parametrize("column", ["email_address", "username", "auth_identifier", "card_id"])
def test_a_repeated_value_skips_the_later_row(column: str) -> None:
    first, second = person(1, card_id="c1"), person(2, card_id="c2")
    importer = Importer()
    analysis = take(importer, first, {**second, column: first[column]})
    assert analysis.as_json()["warnings"]["Analyzers::DuplicateAnalysis"] == 1
    assert (analysis.counts["created"], analysis.counts["skipped"]) == (1, 1)


def test_an_address_of_another_school_is_skipped() -> None:
    rows = [
        person(1, email_address="a@springfield.edu"),
        person(2, email_address="a@shelbyville.edu"),
        person(3),
    ]
    importer = Importer(["springfield.edu"])
    assert take(importer, *rows).counts["skipped"] == 1
    assert set(importer.accounts.by_username) == {"0001", "0003"}


def test_a_value_that_does_not_register_is_as_good_as_blank() -> None:
    importer = Importer()
    odd = {
        "school_year_name": "senior",
        "veteran": "True",
        "primary_education:start_date": "08/24/2026",
        "primary_education:cumulative_gpa": "4.5",
    }
    analysis = take(importer, person(1, **odd))
    assert analysis.as_json()["warnings"]["Analyzers::TypeCheck"] == 4
    assert not importer.accounts.by_username["0001"].keys() & odd.keys()


def test_a_header_that_is_not_known_is_not_mapped() -> None:
    importer = Importer()
    analysis = take(importer, person(1, Card_ID="7"))
    assert analysis.as_json()["warnings"] == {"Analyzers::InvalidHeadersPresent": 1}
    assert "Card_ID" not in importer.accounts.by_username["0001"]


@pytest.mark.parametrize(
    ("missing", "status"), [("auth_identifier", "stopped"), ("school_year_name", "processed")]
)
def test_a_missing_header_is_told(missing: str, status: str) -> None:
    row = {column: text for column, text in person(1).items() if column != missing}
    analysis = take(Importer(), row)
    assert (analysis.status, analysis.as_json()["warnings"]) == (
        status,
        {"Analyzers::RecommendedHeadersPresent": 1},
    )


@pytest.mark.parametrize("name", ["20261116_test_users.csv", "latest.csv", "SAMPLE.csv"])
def test_a_test_file_is_analysed_and_never_processed(name: str) -> None:
    importer = Importer()
    analysis = take(importer, person(1), person(2, first_name=""), name=name)
    assert analysis.status == "test file"
    assert analysis.as_json()["expected"] == {"created": 1, "failed": 1}
    assert (importer.accounts.by_username, importer.last_automatic) == ({}, None)


def test_a_second_file_within_24_hours_waits_for_a_person() -> None:
    importer = known(person(1))
    early = take(importer, person(2), at=MONDAY + timedelta(hours=24, seconds=-1))
    assert (early.status, set(importer.accounts.by_username)) == ("stopped", {"0001"})
    assert take(importer, person(2), at=MONDAY + timedelta(hours=24)).status == "processed"


@pytest.mark.parametrize(("changed", "status"), [(9, "processed"), (10, "stopped")])
def test_a_tenth_of_changed_addresses_stops_autorun(changed: int, status: str) -> None:
    people = [person(n) for n in range(100)]
    importer = known(*people)
    moved = [{**row, "email_address": f"new{n}@example.org"} for n, row in enumerate(people[:changed])]
    analysis = take(importer, *moved, *people[changed:], at=NEXT)
    assert (analysis.status, analysis.counts["emails_changed"]) == (status, changed)


@pytest.mark.parametrize(("disabled", "status"), [(1, "processed"), (2, "stopped")])
def test_half_of_what_moves_being_disabled_stops_autorun(disabled: int, status: str) -> None:
    people = [person(n, disabled="") for n in range(100)]
    importer = known(*people)
    gone = [{**row, "disabled": "TRUE"} for row in people[:disabled]]
    new = [person(n, disabled="") for n in range(200, 202)]
    assert take(importer, *gone, *people[disabled:], *new, at=NEXT).status == status


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "File is invalid"),
        (b"\n", "File is invalid"),
        (b"username,first_name\r\n1,Ana\r\n", "A system error occurred while running this static analysis."),
        (b"username,first_name,\n1,Ana,\n", "A system error occurred"),
        (b"username,first_name\n1,Ana,\n", "A system error occurred"),
        (b"username,username\n1,1\n", "repeated headers"),
        (b"username,first_name\n1\n", "short rows"),
        (b"username,first_name\n1,Jos\xe9\n", "Invalid byte sequence in UTF-8"),
        (b'username,first_name\n1,"Ana\n', "File is invalid"),
        (b"username\n" + b"1\n" * 200_000, "over 199,999 rows"),
        (b"username\n" + b"1" * 50_000_000, "not under 50 MB"),
    ],
)
def test_a_file_that_cannot_be_analysed_fails_whole(content: bytes, message: str) -> None:
    analysis = Importer().take("20261116_users.csv", content, MONDAY)
    assert analysis.status == "failed"
    assert message in analysis.because[0]


def test_a_byte_order_mark_is_passed_over() -> None:
    analysis = Importer().take("users.csv", b"\xef\xbb\xbf" + written([person(1)]), MONDAY)
    assert (analysis.status, analysis.counts["created"]) == ("processed", 1)
