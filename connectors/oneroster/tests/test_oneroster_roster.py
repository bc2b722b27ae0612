"""The roster that the SQL makes of packages, clean and dirty, in a locked engine."""

from __future__ import annotations

import pytest
from rosterbus.roster import vocabulary

RELATIONS = {
    "schools", "terms", "courses", "sections", "students", "school_enrollments", "enrollments", "guardians",
    "student_guardians", "staff", "staff_assignments",
}  # fmt: skip


def test_every_relation_has_every_column_of_the_vocabulary_as_text(roster, zipped, files):
    made = roster(zipped(files))
    assert {relation.table for relation in made.mapped.relations} == RELATIONS
    for relation in made.mapped.relations:
        types = dict(
            made.connection.execute(
                f"SELECT column_name, column_type FROM (DESCRIBE {relation.sql})"
            ).fetchall()
        )
        assert set(vocabulary().tables[relation.table].columns) <= set(types)
        assert {kind for name, kind in types.items() if not name.startswith("_")} == {"VARCHAR"}


def test_both_versions_give_the_same_people(roster, zipped, v11, v12):
    old, new = roster(zipped(v11)), roster(zipped(v12, name="new.zip"))
    for table, key in (("students", "student_id"), ("staff", "staff_id"), ("guardians", "guardian_id")):
        before, after = old.by(table, key), new.by(table, key)
        shared = set(vocabulary().tables[table].columns)
        assert {k: {c: v for c, v in row.items() if c in shared} for k, row in before.items()} == {
            k: {c: v for c, v in row.items() if c in shared} for k, row in after.items()
        }
    assert (
        old.rows("student_guardians")[0]["relationship"] == new.rows("student_guardians")[0]["relationship"]
    )


def test_a_student_has_school_demographics_and_grade(roster, zipped, files):
    ada = roster(zipped(files)).by("students", "student_id")["S1"]
    expected = {
        "first_name": "Ada", "last_name": "Pérez", "student_number": "0001", "grade": "09", "status": "active",
        "enrollment_status": "enrolled", "school_id": "O2", "school_name": "Oak High", "school_number": "0102",
        "birth_date": "2012-03-04", "gender": "female", "hispanic": "true", "race": "Asian|White",
    }  # fmt: skip
    assert {name: ada[name] for name in expected} == expected
    assert (ada["_row"], ada["_row_orgs"], ada["_row_demographics"]) == (2, 4, 2)


def test_origins_name_the_cell_in_the_export(roster, zipped, files):
    students = next(one for one in roster(zipped(files)).mapped.relations if one.table == "students")
    assert students.lead == "users"
    assert students.origins["birth_date"] == "demographics.birthDate"
    assert students.origins["school_name"] == "orgs.name"
    assert students.origins["first_name"] == "users.givenName"
    assert students.members[0] == "users"


def test_the_first_organisation_that_is_a_school_is_the_main_one(roster, zipped, v11):
    v11.put("users", 2, orgSourcedIds="D, O2 ,O1")
    bo = roster(zipped(v11)).by("students", "student_id")["S2"]
    assert (bo["school_id"], bo["school_name"]) == ("O2", "Oak High")


def test_a_student_at_no_school_keeps_what_there_is(roster, zipped, v11):
    v11.put("users", 1, orgSourcedIds="D")
    made = roster(zipped(v11))
    ada = made.by("students", "student_id")["S1"]
    assert (ada["school_id"], ada["school_name"] or "") == ("D", "")
    assert {row["student_id"] for row in made.rows("school_enrollments")} == {"S2"}


def test_every_school_of_a_student_is_an_enrollment_and_one_is_the_main_one(roster, zipped, files):
    rows = [row for row in roster(zipped(files)).rows("school_enrollments") if row["student_id"] == "S2"]
    assert {(row["school_id"], row["primary"]) for row in rows} == {("O1", "true"), ("O2", "false")}
    assert {row["grade"] for row in rows} == {"KG"}


def test_a_school_that_is_named_twice_is_one_enrollment(roster, zipped, v11):
    v11.put("users", 2, orgSourcedIds="O1,O2,O1,")
    rows = [row for row in roster(zipped(v11)).rows("school_enrollments") if row["student_id"] == "S2"]
    assert [(row["school_id"], row["primary"]) for row in rows] == [("O1", "true"), ("O2", "false")]


def test_the_primary_organisation_of_the_user_comes_before_the_type_of_the_role(roster, zipped, v12):
    v12.put("users", 2, primaryOrgSourcedId="O2")
    made = roster(zipped(v12))
    assert made.by("students", "student_id")["S2"]["school_id"] == "O2"
    primary = {
        row["school_id"]: row["primary"]
        for row in made.rows("school_enrollments")
        if row["student_id"] == "S2"
    }
    assert primary == {"O1": "false", "O2": "true"}


@pytest.mark.parametrize(
    ("begin", "end", "as_of", "status", "state"),
    [
        ("2026-08-15", "2026-11-21", None, "active", "enrolled"),
        ("2026-08-15", "2026-11-20", None, "inactive", "inactive"),
        ("2026-11-20", "", None, "active", "enrolled"),
        ("2026-11-21", "", None, "inactive", "pre_enrolled"),
        ("2026-11-21", "", "2026-11-21", "active", "enrolled"),
        ("", "", None, "active", "enrolled"),
        ("8/15/2026", "soon", None, "active", "enrolled"),
    ],
)
def test_roles_are_judged_on_the_day_and_end_before_their_end_date(
    begin, end, as_of, status, state, roster, zipped, v12
):
    v12.put("roles", 1, beginDate=begin, endDate=end)
    made = roster(zipped(v12), **({"as_of": as_of} if as_of else {}))
    ada = made.by("students", "student_id")["S1"]
    assert (ada["status"], ada["enrollment_status"]) == (status, state)
    membership = next(row for row in made.rows("school_enrollments") if row["student_id"] == "S1")
    assert (membership["entry_date"], membership["exit_date"], membership["status"]) == (begin, end, status)


@pytest.mark.parametrize(
    ("begin", "end", "status"),
    [
        ("2026-08-15", "2026-11-20", "inactive"),
        ("2026-11-20", "2026-11-21", "active"),
        ("2027-01-10", "", "inactive"),
    ],
)
def test_class_memberships_are_judged_on_the_day(begin, end, status, roster, zipped, files):
    files.put("enrollments", 1, beginDate=begin, endDate=end)
    row = roster(zipped(files)).by("enrollments", "enrollment_id")["E1"]
    assert (row["status"], row["begin_date"], row["end_date"]) == (status, begin, end)


@pytest.mark.parametrize("word", ["tobedeleted", "inactive", "ToBeDeleted"])
def test_rows_that_are_going_are_inactive_or_left_out_as_the_settings_say(word, roster, zipped, files):
    files.put("users", 1, status=word)
    path = zipped(files)
    kept = roster(path)
    assert kept.by("students", "student_id")["S1"]["status"] == "inactive"
    out = roster(path, include_inactive=False)
    assert "S1" not in out.by("students", "student_id")
    assert out.unused("users") == {"marked tobedeleted or inactive": 1}


def test_a_status_in_a_bulk_file_is_no_reason_to_doubt_a_row(roster, zipped, files):
    for name in set(files) - {"manifest"}:
        for at in range(1, len(files[name])):
            files.put(name, at, status="active", dateLastModified="1/05/2023")
    assert roster(zipped(files)).by("students", "student_id")["S1"]["status"] == "active"


def test_a_user_who_may_not_sign_in_is_still_a_student(roster, zipped, files):
    files.put("users", 1, enabledUser="false")
    ada = roster(zipped(files)).by("students", "student_id")["S1"]
    assert (ada["status"], ada["enabledUser"]) == ("active", "false")


def test_guardians_are_found_from_both_sides(roster, zipped, files):
    made = roster(zipped(files))
    assert set(made.by("guardians", "guardian_id")) == {"G1", "G2"}
    pairs = {
        (row["student_id"], row["guardian_id"], row["relationship"]) for row in made.rows("student_guardians")
    }
    assert pairs == {("S1", "G1", "parent"), ("S1", "G2", "guardian"), ("S2", "G2", "guardian")}
    gus = next(row for row in made.rows("student_guardians") if row["student_id"] == "S2")
    assert (gus["first_name"], gus["school_id"], gus["student_status"], gus["_row"]) == (
        "Gus",
        "O1",
        "active",
        6,
    )


def test_a_pair_that_both_sides_name_is_one_pair(roster, zipped, files):
    files.put("users", 5, agentSourcedIds="S2,S1,S1")
    assert len(roster(zipped(files)).rows("student_guardians")) == 3


def test_a_teacher_whom_a_student_names_is_a_guardian_too(roster, zipped, files):
    files.put("users", 1, agentSourcedIds="T1")
    made = roster(zipped(files))
    assert "T1" in made.by("guardians", "guardian_id")
    assert "T1" in made.by("staff", "staff_id")
    assert ("S1", "T1", "other") in {
        (row["student_id"], row["guardian_id"], row["relationship"]) for row in made.rows("student_guardians")
    }


def test_a_student_is_nobodys_guardian_and_unknown_agents_are_counted(roster, zipped, files):
    files.put("users", 1, agentSourcedIds="S2,NOBODY")
    made = roster(zipped(files))
    assert {row["guardian_id"] for row in made.rows("student_guardians")} == {"G2"}
    assert made.counted() == {"pairs of a student and an agent name somebody whom users.csv does not have": 1}


def test_sections_know_their_terms_course_school_and_teacher(roster, zipped, files):
    section = roster(zipped(files)).by("sections", "section_id")["C1"]
    expected = {
        "course_title": "Algebra", "school_name": "Oak High", "term_ids": "F|P", "term_start_date": "2026-08-15",
        "term_end_date": "2027-06-12", "primary_teacher_id": "T1", "primary_teacher_email": "tia@example.org",
        "grades": "09", "period": "1,2", "section_code": "A1",
    }  # fmt: skip
    assert {name: section[name] for name in expected} == expected
    assert (section["_row_enrollments"], section["_row_users"]) == (3, 4)


def test_the_primary_teacher_is_who_teaches_now_before_who_did(roster, zipped, files):
    files["users"].append(["T2", *files["users"][3][1:]])
    if "roles" in files:
        files["roles"].append(["R9", "", "", "T2", "primary", "teacher", "", "", "O2", ""])
    files["enrollments"] += [
        ["E3", "", "", "C1", "O2", "T2", "teacher", "false", "2026-08-15", "2027-06-12"],
        ["E4", "", "", "C1", "O2", "S2", "student", "", "", ""],
    ]
    files.put("enrollments", 2, endDate="2026-09-01")
    assert roster(zipped(files)).rows("sections")[0]["primary_teacher_id"] == "T2"


def test_lists_are_joined_by_a_bar_and_lose_their_blanks(roster, zipped, files):
    course = roster(zipped(files)).rows("courses")[0]
    assert (course["subjects"], course["grades"]) == ("Mathematics|Logic", "09|10")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("9", "09"), ("09", "09"), ("13", "13"), ("K", "KG"), ("kg", "KG"), ("Kindergarten", "KG"), ("pk", "PK"),
        ("Pre-K", "PK"), ("other", "Other"), ("UG", "UG"), (" 3 ", "03"), ("14", "14"), ("0", "0"),
        ("Grade 9", "Grade 9"), ("-2", "-2"), ("", ""),
    ],
)  # fmt: skip
def test_grades_that_plainly_are_a_code_become_it_and_no_other(written, code, roster, zipped, v11):
    v11.put("users", 1, grades=written)
    assert roster(zipped(v11)).by("students", "student_id")["S1"]["grade"] == code


def test_dates_and_words_that_are_not_understood_stay_as_they_are(roster, zipped, files):
    files.put("demographics", 1, birthDate="3/4/2012", sex="X", hispanicOrLatinoEthnicity="yes")
    ada = roster(zipped(files)).by("students", "student_id")["S1"]
    assert (ada["birth_date"], ada["gender"], ada["hispanic"]) == ("3/4/2012", "X", "yes")


def test_extensions_named_like_a_roster_column_fill_it_and_keep_their_own_name(roster, zipped, files):
    people = len(files["users"]) - 1
    files.add("users", "metadata.card_id", "0007", *[""] * (people - 1))
    files.add("users", "metadata.cumulativeGpa", "3.25", *[""] * (people - 1))
    files.add("users", "metadata.majors", "History, Biology", *[""] * (people - 1))
    files.add("users", "metadata.athlete", "TRUE", *[""] * (people - 1))
    files.add("users", "metadata.email", "other@example.org", *[""] * (people - 1))
    files.add("users", "ext_shoe_size", "38", *[""] * (people - 1))
    ada = roster(zipped(files)).by("students", "student_id")["S1"]
    assert (ada["card_id"], ada["cumulative_gpa"], ada["majors"], ada["athlete"]) == (
        "0007", "3.25", "History|Biology", "true",
    )  # fmt: skip
    assert (ada["metadata.card_id"], ada["metadata.majors"], ada["ext_shoe_size"]) == (
        "0007",
        "History, Biology",
        "38",
    )
    assert ada["email"] == "ada@example.org"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("users", "staff"),
        ("users", "guardians"),
        ("users", "student_guardians"),
        ("classes", "sections"),
        ("orgs", "schools"),
    ],
)
def test_extensions_are_carried_wherever_the_row_goes(name, table, roster, zipped, files):
    files.add(name, "metadata.note", *["here"] * (len(files[name]) - 1))
    assert {row["metadata.note"] for row in roster(zipped(files)).rows(table)} == {"here"}


def test_an_extension_of_a_school_fills_its_number_with_the_state(roster, zipped, files):
    files.add("orgs", "metadata.state_id", "", "S-1", "S-2")
    assert roster(zipped(files)).by("schools", "school_id")["O1"]["state_id"] == "S-1"


def test_passwords_never_enter_the_engine(roster, zipped, files):
    path = zipped(files)
    kept_out = roster(path)
    assert not any("password" in name.lower() for name in kept_out.rows("students")[0])
    assert "password" not in kept_out.loaded["users"].raw.columns
    assert roster(path, passwords=True).by("students", "student_id")["S1"]["password"] == "s3cret"
