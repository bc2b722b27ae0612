"""What a package is, and what is odd about it: manifest, names, headers, age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import marshmallow
import pytest
import rosterbus_oneroster
from rosterbus.errors import ConnectorError
from rosterbus.extracts import Completeness, Nothing

CLOCK = datetime(2026, 11, 20, 21, 4, tzinfo=UTC)


def rules(answer, severity="warn"):
    return {finding.rule for finding in answer.findings if finding.severity == severity}


def sentences(answer):
    return " / ".join(finding.sentence for finding in answer.findings)


def test_a_clean_package_gives_its_tables_complete_and_without_a_warning(extract, zipped, v11):
    answer = extract(zipped(v11))
    assert set(answer.tables) == set(v11) - {"manifest"}
    assert {table.completeness for table in answer.tables.values()} == {
        Completeness("complete", "manifest says bulk")
    }
    assert {table.key for table in answer.tables.values()} == {"sourcedId"}
    assert rules(answer) == set()
    assert answer.as_of == datetime(2026, 11, 20, 3, tzinfo=UTC)


def test_loose_files_are_read_where_they_lie(extract, loose, v11):
    folder = loose(v11)
    answer = extract(folder)
    assert {table.path.parent for table in answer.tables.values()} == {folder}
    assert answer.as_of is not None


def test_version_1_2_is_read_without_a_warning(extract, zipped, v12):
    answer = extract(zipped(v12))
    assert "roles" in answer.tables
    assert rules(answer) == set()


def test_the_time_of_the_files_is_read_in_the_time_zone_of_the_pipeline(extract, zipped, v11):
    chicago = ZoneInfo("America/Chicago")
    answer = extract(zipped(v11), clock=CLOCK.astimezone(chicago))
    assert answer.as_of == datetime(2026, 11, 20, 3, tzinfo=chicago)


def test_a_packer_that_keeps_no_time_gives_none(extract, zipped, v11):
    assert extract(zipped(v11, made=(1980, 1, 1, 0, 0, 0))).as_of is None


def test_without_a_manifest_nobody_knows_whether_everybody_is_there(extract, zipped, v11):
    del v11["manifest"]
    answer = extract(zipped(v11))
    assert {table.completeness.level for table in answer.tables.values()} == {"unknown"}


def test_a_pipeline_may_vouch_for_an_export_without_a_manifest(extract, zipped, v11):
    del v11["manifest"]
    answer = extract(zipped(v11), complete_without_manifest=True)
    assert {table.completeness.level for table in answer.tables.values()} == {"complete"}


def test_vouching_does_not_overrule_a_manifest(extract, zipped, v11, manifested):
    files = manifested(v11, users="absent")
    assert (
        extract(zipped(files), complete_without_manifest=True).tables["users"].completeness.level == "unknown"
    )


def test_a_manifest_alone_means_that_there_is_nothing_new(extract, zipped, manifested):
    answer = extract(zipped(manifested({}, users="absent", orgs="absent")))
    assert answer == Nothing("the package holds its manifest only")


def test_a_manifest_that_promises_files_is_not_nothing(extract, zipped, manifested):
    with pytest.raises(ConnectorError, match=r"has no orgs.csv, users.csv; found no roster file"):
        extract(zipped(manifested({}, users="bulk")))


def test_a_package_without_any_roster_file_is_refused(extract, zipped):
    with pytest.raises(ConnectorError, match="found no roster file"):
        extract(zipped({"readme.txt": "hello"}))


def test_a_delta_of_a_file_that_is_not_read_harms_nothing(extract, zipped, v11, manifested):
    assert "users" in extract(zipped(manifested(v11, results="delta"))).tables


def test_a_file_that_the_manifest_promises_and_that_is_missing_holds(extract, zipped, v11):
    del v11["demographics"]
    assert "file missing" in rules(extract(zipped(v11)), "hold")


def test_a_file_that_the_standard_asks_for_is_missed(extract, zipped, v11, manifested):
    del v11["courses"]
    answer = extract(zipped(manifested({name: rows for name, rows in v11.items() if name != "manifest"})))
    assert "mandatory file" in rules(answer)
    assert "courses.csv" in sentences(answer)


def test_a_required_file_that_is_missing_ends_the_run(extract, zipped, v11):
    del v11["enrollments"]
    with pytest.raises(ConnectorError, match=r"has no enrollments.csv; found"):
        extract(zipped(v11), required_files=["users", "enrollments"])


def test_a_manifest_that_contradicts_the_files_is_told(extract, zipped, v11, manifested):
    answer = extract(zipped(manifested(v11, demographics="absent")))
    assert "manifest contradicted" in rules(answer)
    assert answer.tables["demographics"].completeness.level == "unknown"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (["fiel.demographics", "bulk"], "manifest spelling"),
        (["file.USERS", "bulk"], "manifest spelling"),
        (["file.results", ""], "manifest mode"),
        (["file.results", "full"], "manifest mode"),
    ],
)
def test_odd_lines_of_a_manifest_are_findings(line, rule, extract, zipped, v11):
    v11["manifest"] = [row for row in v11["manifest"] if row[0] != "file.demographics"] + [line]
    assert rule in rules(extract(zipped(v11)))


def test_a_misspelt_line_of_a_manifest_still_counts(extract, zipped, v11):
    v11["manifest"] = [
        ["fiel.users" if row[0] == "file.users" else row[0], row[1]] for row in v11["manifest"]
    ]
    assert extract(zipped(v11)).tables["users"].completeness.level == "complete"


@pytest.mark.parametrize("version", ["2.0", ""])
def test_a_version_that_nobody_knows_is_told(version, extract, zipped, v11):
    v11["manifest"] = [
        [name, version if name == "oneroster.version" else value] for name, value in v11["manifest"]
    ]
    answer = extract(zipped(v11))
    assert "manifest version" in rules(answer)
    assert "manifest.csv names no version of OneRoster that is known here" in sentences(answer)


def test_a_manifest_version_that_a_spreadsheet_has_cut_is_accepted(extract, zipped, v11):
    v11["manifest"] = [
        ["manifest.version", "1"] if row[0] == "manifest.version" else row for row in v11["manifest"]
    ]
    assert rules(extract(zipped(v11))) == set()


@pytest.mark.parametrize("manifest", [b"\xff\xfe\x00\x00\x80", b'propertyName,value\n"file.users,bulk\n'])
def test_a_manifest_that_cannot_be_read_proves_nothing(manifest, extract, zipped, v11):
    answer = extract(zipped({**v11, "manifest": manifest}))
    assert "manifest cannot be read" in rules(answer)
    assert answer.tables["users"].completeness.level == "unknown"


def test_the_headers_and_not_the_manifest_decide_the_version(extract, zipped, v11, manifested):
    answer = extract(zipped(manifested({n: r for n, r in v11.items() if n != "manifest"}, version="1.2")))
    assert "version contradicted" in rules(answer)
    assert "users" in answer.tables


def test_names_in_the_wrong_case_are_read_with_a_finding(extract, zipped, v11):
    files = {"UserS" if name == "users" else name: rows for name, rows in v11.items()}
    answer = extract(zipped(files))
    assert "file name" in rules(answer)
    assert answer.tables["users"].file == "users.csv"


def test_two_loose_files_that_differ_in_case_only_are_refused(extract, loose, v11):
    folder = loose({**v11, "Users.CSV": "sourcedId\n"})
    if len(list(folder.iterdir())) < len(v11) + 1:
        pytest.skip("this file system does not tell case apart")
    with pytest.raises(ConnectorError, match=r"holds users.csv twice"):
        extract(folder)


def test_unknown_files_are_left_alone_with_a_finding_and_known_others_without(extract, zipped, v11):
    answer = extract(
        zipped({**v11, "notes.txt": "x", "userProfiles": "sourcedId,password\n", "lineItems": "sourcedId\n"})
    )
    unknown = next(finding for finding in answer.findings if finding.rule == "unknown files")
    assert unknown.numbers == {"count": 1}
    assert "notes.txt" in unknown.sentence
    assert not {"userProfiles", "lineItems"} & set(answer.tables)


def test_headers_of_version_1_0_get_the_names_of_1_1(extract, zipped, v11):
    v11["classes"][0] = [
        "grade" if c == "grades" else "termSourcedId" if c == "termSourcedIds" else c
        for c in v11["classes"][0]
    ]
    v11["demographics"][0][0], v11["demographics"][0][3] = "userSourcedId", "birthdate"
    answer = extract(zipped(v11))
    assert answer.tables["classes"].rename == {"grade": "grades", "termSourcedId": "termSourcedIds"}
    assert answer.tables["demographics"].rename == {"userSourcedId": "sourcedId", "birthdate": "birthDate"}
    assert "older headers" in rules(answer)


def test_headers_in_the_wrong_case_or_with_blanks_are_understood(extract, zipped, v11):
    v11["users"][0] = [f" {name.upper()} " for name in v11["users"][0]]
    assert extract(zipped(v11)).tables["users"].rename[" GIVENNAME "] == "givenName"


def test_a_header_that_is_right_already_is_never_taken_by_an_older_one(extract, zipped, v11):
    v11["classes"][0] = [*v11["classes"][0], "grade"]
    v11["classes"][1] = [*v11["classes"][1], "x"]
    answer = extract(zipped(v11))
    assert answer.tables["classes"].rename == {}
    assert "foreign columns" in rules(answer)


def test_extension_columns_of_the_standard_are_no_departure(extract, zipped, v11):
    v11["users"] = [[*row, "metadata.card_id" if not at else "7"] for at, row in enumerate(v11["users"])]
    assert rules(extract(zipped(v11))) == set()


def test_passwords_stay_outside_unless_they_are_asked_for(extract, zipped, v11):
    v11["users"] = [
        [*row, "metadata.initialPassword" if not at else "s3cret"] for at, row in enumerate(v11["users"])
    ]
    path = zipped(v11)
    assert extract(path).tables["users"].drop == {"password", "metadata.initialPassword"}
    assert "passwords" in rules(extract(path), "pass")
    let_in = extract(path, passwords=True)
    assert let_in.tables["users"].drop == frozenset()
    assert rules(let_in) == {"passwords"}


@pytest.mark.parametrize("name", ["orgs", "users", "enrollments", "demographics", "classes"])
def test_a_file_without_ids_is_no_oneroster_file(name, extract, zipped, v11):
    v11[name] = [row[1:] for row in v11[name]]
    with pytest.raises(ConnectorError, match=rf"{name}.csv is no OneRoster file: it has no column sourcedId"):
        extract(zipped(v11))


def test_school_data_sync_is_recognised_by_its_headers(extract, zipped):
    files = {
        "orgs": "sourcedId,name,type,parentSourcedId\n1,Elm,school,\n",
        "users": "sourcedId,username,givenName,familyName,password\n2,ada,Ada,Lee,x\n",
        "roles": "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary\n2,1,student,,9,TRUE\n",
    }
    with pytest.raises(ConnectorError, match="Microsoft School Data Sync"):
        extract(zipped(files))


def test_another_delimiter_is_named_as_the_likely_cause(extract, zipped, v11):
    files = {name: "\n".join(";".join(row) for row in rows) for name, rows in v11.items()}
    with pytest.raises(ConnectorError, match="declare `delimiter`"):
        extract(zipped(files))


def test_a_declared_delimiter_is_read(extract, zipped, v11):
    files = {name: "\n".join(";".join(row) for row in rows) + "\n" for name, rows in v11.items()}
    answer = extract(zipped(files), delimiter=";")
    assert answer.tables["users"].delimiter == ";"
    assert answer.tables["users"].completeness.level == "complete"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_not_hide_the_first_column(encoding, extract, zipped, v11):
    text = "sourcedId,role,givenName,familyName\nS1,student,Zoë,Lee\n"
    assert "users" in extract(zipped({**v11, "users": text.encode(encoding)})).tables


def test_a_declared_encoding_is_read(roster, zipped, v11):
    files = {
        name: "\n".join("|".join(row) for row in rows).encode("windows-1252") for name, rows in v11.items()
    }
    made = roster(zipped(files), encoding="windows-1252", delimiter="|")
    assert made.by("students", "student_id")["S1"]["last_name"] == "Pérez"


def test_an_empty_file_is_named(extract, zipped, v11):
    with pytest.raises(ConnectorError, match=r"users.csv is no OneRoster file"):
        extract(zipped({**v11, "users": b""}))


def test_users_without_any_role_are_refused(extract, zipped, v11):
    v11["users"] = [row[:5] + row[6:] for row in v11["users"]]
    with pytest.raises(ConnectorError, match="nobody's role is known"):
        extract(zipped(v11))


def test_the_same_bytes_are_recognised_and_still_read(extract, zipped, v11):
    first = extract(zipped(v11))
    later = extract(zipped(v11, name="again.zip"), previous=first.state, clock=CLOCK + timedelta(days=1))
    assert "same export" in rules(later, "pass")
    assert later.state == first.state
    assert "users" in later.tables


def test_one_changed_cell_makes_another_export(extract, zipped, v11):
    first = extract(zipped(v11))
    v11["users"][1][8] = "Ava"
    later = extract(zipped(v11, name="again.zip"), previous=first.state, clock=CLOCK + timedelta(days=1))
    assert "same export" not in rules(later, "pass")
    assert later.state["sha256"] != first.state["sha256"]


def test_an_export_that_is_too_old_holds(extract, zipped, v11):
    path = zipped(v11)
    assert rules(extract(path, max_age=2), "hold") == set()
    answer = extract(path, max_age=2, clock=CLOCK + timedelta(days=3))
    assert rules(answer, "hold") == {"old export"}


def test_an_export_without_times_grows_old_from_when_it_was_first_seen(extract, zipped, v11):
    path = zipped(v11, made=(1980, 1, 1, 0, 0, 0))
    first = extract(path, max_age=2)
    assert rules(first, "hold") == set()
    assert rules(extract(path, max_age=2, previous=first.state, clock=CLOCK + timedelta(days=3)), "hold") == {
        "old export"
    }


def test_the_location_is_fetched_with_the_settings_of_its_transport(zipped, v11, tmp_path):
    from rosterbus.extracts import SourceState

    asked = []
    path = zipped(v11)

    def fetch(location, transport):
        asked.append((location, transport))
        return path

    values = rosterbus_oneroster.Settings().load(
        {"location": "sftp://sis.example.org/x.zip", "transport": {"username": "u"}}
    )
    rosterbus_oneroster.extract(values, SourceState({}, tmp_path / "run", CLOCK, fetch))
    assert asked == [("sftp://sis.example.org/x.zip", {"username": "u"})]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Missing data"),
        ({"as_of": "2026-02-30"}, "yyyy-mm-dd"),
        ({"as_of": "20260201"}, "yyyy-mm-dd"),
        ({"encoding": "utf-9"}, "No such encoding: utf-9"),
        ({"delimiter": ",,"}, "not one character"),
        ({"required_files": ["user"]}, "No such roster file: user; allowed: orgs"),
        ({"max_age": 0}, "greater than"),
        ({"colour": "red"}, "Unknown field"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    location = {"location": "x"} if settings else {}
    with pytest.raises(marshmallow.ValidationError, match=message):
        rosterbus_oneroster.Settings().load({**location, **settings})
