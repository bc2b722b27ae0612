"""The roster that the SQL makes of packages, clean and dirty, in a locked engine."""

from __future__ import annotations

import pytest
from rosterbus.roster import vocabulary

RELATIONS = {
    "schools", "terms", "courses", "sections", "students", "school_enrollments", "enrollments", "guardians",
    "student_guardians", "staff", "staff_assignments",
}  # fmt: skip


def column(files, name, header):
    return files[name][0].index(header)


def put(files, name, row, **cells):
    for header, value in cells.items():
        files[name][row][column(files, name, header)] = value


def add(files, name, header, *values):
    files[name][0].append(header)
    for row, value in zip(files[name][1:], values, strict=True):
        row.append(value)


@pytest.fixture(params=["1.1", "1.2"])
def files(request, v11, v12):
    return v11 if request.param == "1.1" else v12


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
    put(v11, "users", 2, orgSourcedIds="D, O2 ,O1")
    bo = roster(zipped(v11)).by("students", "student_id")["S2"]
    assert (bo["school_id"], bo["school_name"]) == ("O2", "Oak High")


def test_a_student_at_no_school_keeps_what_there_is(roster, zipped, v11):
    put(v11, "users", 1, orgSourcedIds="D")
    made = roster(zipped(v11))
    ada = made.by("students", "student_id")["S1"]
    assert (ada["school_id"], ada["school_name"] or "") == ("D", "")
    assert {row["student_id"] for row in made.rows("school_enrollments")} == {"S2"}


def test_every_school_of_a_student_is_an_enrollment_and_one_is_the_main_one(roster, zipped, files):
    rows = [row for row in roster(zipped(files)).rows("school_enrollments") if row["student_id"] == "S2"]
    assert {(row["school_id"], row["primary"]) for row in rows} == {("O1", "true"), ("O2", "false")}
    assert {row["grade"] for row in rows} == {"KG"}


def test_a_school_that_is_named_twice_is_one_enrollment(roster, zipped, v11):
    put(v11, "users", 2, orgSourcedIds="O1,O2,O1,")
    rows = [row for row in roster(zipped(v11)).rows("school_enrollments") if row["student_id"] == "S2"]
    assert [(row["school_id"], row["primary"]) for row in rows] == [("O1", "true"), ("O2", "false")]


def test_the_primary_organisation_of_the_user_comes_before_the_type_of_the_role(roster, zipped, v12):
    put(v12, "users", 2, primaryOrgSourcedId="O2")
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
    put(v12, "roles", 1, beginDate=begin, endDate=end)
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
    put(files, "enrollments", 1, beginDate=begin, endDate=end)
    row = roster(zipped(files)).by("enrollments", "enrollment_id")["E1"]
    assert (row["status"], row["begin_date"], row["end_date"]) == (status, begin, end)


@pytest.mark.parametrize("word", ["tobedeleted", "inactive", "ToBeDeleted"])
def test_rows_that_are_going_are_inactive_or_left_out_as_the_settings_say(word, roster, zipped, files):
    put(files, "users", 1, status=word)
    path = zipped(files)
    kept = roster(path)
    assert kept.by("students", "student_id")["S1"]["status"] == "inactive"
    out = roster(path, include_inactive=False)
    assert "S1" not in out.by("students", "student_id")
    assert out.unused("users") == {"marked tobedeleted or inactive": 1}


def test_a_status_in_a_bulk_file_is_no_reason_to_doubt_a_row(roster, zipped, files):
    for name in set(files) - {"manifest"}:
        for at in range(1, len(files[name])):
            put(files, name, at, status="active", dateLastModified="1/05/2023")
    assert roster(zipped(files)).by("students", "student_id")["S1"]["status"] == "active"


def test_a_user_who_may_not_sign_in_is_still_a_student(roster, zipped, files):
    put(files, "users", 1, enabledUser="false")
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
    put(files, "users", 5, agentSourcedIds="S2,S1,S1")
    assert len(roster(zipped(files)).rows("student_guardians")) == 3


def test_a_teacher_whom_a_student_names_is_a_guardian_too(roster, zipped, files):
    put(files, "users", 1, agentSourcedIds="T1")
    made = roster(zipped(files))
    assert "T1" in made.by("guardians", "guardian_id")
    assert "T1" in made.by("staff", "staff_id")
    assert ("S1", "T1", "other") in {
        (row["student_id"], row["guardian_id"], row["relationship"]) for row in made.rows("student_guardians")
    }


def test_a_student_is_nobodys_guardian_and_unknown_agents_are_counted(roster, zipped, files):
    put(files, "users", 1, agentSourcedIds="S2,NOBODY")
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
    put(files, "enrollments", 2, endDate="2026-09-01")
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
    put(v11, "users", 1, grades=written)
    assert roster(zipped(v11)).by("students", "student_id")["S1"]["grade"] == code


def test_dates_and_words_that_are_not_understood_stay_as_they_are(roster, zipped, files):
    put(files, "demographics", 1, birthDate="3/4/2012", sex="X", hispanicOrLatinoEthnicity="yes")
    ada = roster(zipped(files)).by("students", "student_id")["S1"]
    assert (ada["birth_date"], ada["gender"], ada["hispanic"]) == ("3/4/2012", "X", "yes")


def test_extensions_named_like_a_roster_column_fill_it_and_keep_their_own_name(roster, zipped, files):
    people = len(files["users"]) - 1
    add(files, "users", "metadata.card_id", "0007", *[""] * (people - 1))
    add(files, "users", "metadata.cumulativeGpa", "3.25", *[""] * (people - 1))
    add(files, "users", "metadata.majors", "History, Biology", *[""] * (people - 1))
    add(files, "users", "metadata.athlete", "TRUE", *[""] * (people - 1))
    add(files, "users", "metadata.email", "other@example.org", *[""] * (people - 1))
    add(files, "users", "ext_shoe_size", "38", *[""] * (people - 1))
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
    add(files, name, "metadata.note", *["here"] * (len(files[name]) - 1))
    assert {row["metadata.note"] for row in roster(zipped(files)).rows(table)} == {"here"}


def test_an_extension_of_a_school_fills_its_number_with_the_state(roster, zipped, files):
    add(files, "orgs", "metadata.state_id", "", "S-1", "S-2")
    assert roster(zipped(files)).by("schools", "school_id")["O1"]["state_id"] == "S-1"


def test_passwords_never_enter_the_engine(roster, zipped, files):
    path = zipped(files)
    kept_out = roster(path)
    assert not any("password" in name.lower() for name in kept_out.rows("students")[0])
    assert "password" not in kept_out.loaded["users"].raw.columns
    assert roster(path, passwords=True).by("students", "student_id")["S1"]["password"] == "s3cret"


def test_a_repeated_id_is_left_in_twice_and_counted_and_multiplies_nobody_else(roster, zipped, files):
    files["users"] += [
        ["S1", *files["users"][1][1:]],
        ["G1", *files["users"][4][1:]],
        ["T1", *files["users"][3][1:]],
    ]
    files["demographics"].append(["S1", *files["demographics"][1][1:]])
    files["orgs"].append(["O2", *files["orgs"][3][1:]])
    files["courses"].append(list(files["courses"][1]))
    files["academicSessions"].append(list(files["academicSessions"][2]))
    made = roster(zipped(files))
    students = [row for row in made.rows("students") if row["student_id"] == "S1"]
    assert [row["_row"] for row in students] == [2, 7]
    assert {row["_row_demographics"] for row in students} == {2}
    assert len(made.rows("sections")) == 1
    assert len(made.rows("student_guardians")) == 3
    assert sum("stood in an earlier row" in sentence for sentence in made.counted()) == 5


def test_no_relation_repeats_its_key_within_one_row_of_the_export(roster, zipped, files):
    files["users"].append(["S1", *files["users"][1][1:]])
    put(files, "users", 5, agentSourcedIds="S2,S1,S1")
    made = roster(zipped(files))
    for relation in made.mapped.relations:
        keys = [
            tuple(row[name] for name in ("_row", *vocabulary().tables[relation.table].key))
            for row in made.rows(relation.table)
        ]
        assert len(set(keys)) == len(keys), relation.table


def test_a_role_of_last_year_gives_way_to_that_of_this_year(roster, zipped, v12):
    made = roster(zipped(v12))
    assignment = [row for row in made.rows("staff_assignments") if row["staff_id"] == "T1"]
    assert [(row["begin_date"], row["_row"]) for row in assignment] == [("2026-08-15", 6)]
    assert made.unused("roles") == {
        "the role of a guardian, who belongs to no school": 2,
        "the same role as another row, which is newer or stands first": 1,
    }


def test_somebody_may_be_both_staff_and_guardian(roster, zipped, v12):
    v12["roles"].append(["R8", "", "", "T1", "secondary", "parent", "", "", "O2", ""])
    made = roster(zipped(v12))
    assert "T1" in made.by("guardians", "guardian_id")
    assert "T1" in made.by("staff", "staff_id")


def test_roles_of_staff_take_the_spelling_of_the_standard(roster, zipped, v12):
    put(v12, "roles", 5, role="SITEadministrator")
    v12["roles"].append(["R8", "", "", "T1", "secondary", "ext:coach", "", "", "O1", ""])
    assert {row["role"] for row in roster(zipped(v12)).rows("staff_assignments")} == {
        "siteAdministrator", "ext:coach", "teacher",
    }  # fmt: skip


def test_every_row_of_a_dirty_export_is_used_or_has_a_reason(roster, zipped, files):
    files["users"] += [["X1", *files["users"][1][1:]], ["X2", *files["users"][1][1:]]]
    for at, role in ((6, "janitor"), (7, "")):
        if "roles" in files:
            files["roles"] += (
                [[f"RX{at}", "", "", files["users"][at][0], "primary", role, "", "", "O1", ""]]
                if role
                else []
            )
        else:
            put(files, "users", at, role=role)
    files["classes"].append(["C2", "tobedeleted", *files["classes"][1][2:]])
    files["enrollments"] += [
        ["E5", "", "", "C1", "O2", "NOBODY", "student", "", "", ""],
        ["E6", "", "", "NOCLASS", "O2", "S1", "student", "", "", ""],
        ["E7", "", "", "C2", "O2", "S1", "student", "", "", ""],
        ["E8", "", "", "C1", "O2", "G1", "student", "", "", ""],
        ["E9", "", "", "C1", "O2", "S2", "proctor", "", "", ""],
    ]
    files["demographics"] += [[who, *files["demographics"][1][1:]] for who in ("NOBODY", "T1", "S1")]
    made = roster(zipped(files))
    assert made.unused("orgs") == {"not a school": 1}
    assert made.unused("classes") == {"marked tobedeleted or inactive": 1}
    assert made.unused("enrollments") == {
        "dangling reference: no such class": 1, "dangling reference: no such user": 1,
        "in a class that is marked tobedeleted or inactive": 1, "not in the role of a student": 1,
        "of a user who is no student": 1,
    }  # fmt: skip
    assert made.unused("demographics") == {
        "a later row of the same user": 1, "dangling reference: no such user": 1, "of a user who is no student": 1,
    }  # fmt: skip
    nameless, roleless = "a role that is neither student, guardian nor staff", "no role"
    roleless = "no row in roles.csv" if "roles" in files else roleless
    assert made.unused("users") == {nameless: 1, roleless: 1}
    for table in ("academicSessions", "courses"):
        assert made.unused(table) == {}


def test_what_points_nowhere_and_dates_that_are_none_are_counted(roster, zipped, files):
    put(files, "classes", 1, courseSourcedId="NOCOURSE", schoolSourcedId="NOWHERE")
    put(files, "enrollments", 1, userSourcedId="NOBODY", beginDate="15.8.2026")
    assert set(roster(zipped(files)).counted()) == {
        "rows of classes.csv have a courseSourcedId that courses.csv does not have",
        "rows of classes.csv have a schoolSourcedId that orgs.csv does not have",
        "rows of enrollments.csv have a userSourcedId that users.csv does not have",
        "rows of enrollments.csv have a beginDate that is no date; it sets no bound",
    }


@pytest.mark.parametrize(
    "missing", ["orgs", "academicSessions", "courses", "classes", "enrollments", "demographics"]
)
def test_a_package_without_one_file_still_gives_its_students(missing, roster, zipped, files):
    del files[missing]
    made = roster(zipped(files), required_files=["users"])
    assert set(made.by("students", "student_id")) == {"S1", "S2"}
    for relation in made.mapped.relations:
        made.rows(relation.table)


def test_the_fewest_columns_that_make_a_user_are_enough(roster, zipped):
    files = {
        "users": "sourcedId,role,givenName,familyName\nS1,student,Ada,Lee\n",
        "orgs": "sourcedId,name,type\n",
    }
    made = roster(zipped(files))
    ada = made.rows("students")[0]
    assert (ada["student_id"], ada["school_id"], ada["grade"], ada["race"]) == ("S1", "", "", "")
    assert "student_guardians" not in {relation.table for relation in made.mapped.relations}


def test_version_1_0_is_read_by_its_own_headers(roster, zipped):
    files = {
        "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\nO1,,,Elm,school,,\n",
        "users": "sourcedId,status,dateLastModified,orgSourcedIds,role,username,userId,givenName,familyName,agents\n"
        "S1,,,O1,student,ada,,Ada,Lee,G1\nG1,,,O1,parent,gia,,Gia,Lee,\n",
        "demographics": "userSourcedId,status,dateLastModified,birthdate,sex\nS1,,,2012-03-04,Female\n",
        "classes": "sourcedId,status,dateLastModified,title,grade,schoolSourcedId,termSourcedId\nC1,,,Art,K,O1,\n",
    }
    made = roster(zipped(files))
    ada = made.by("students", "student_id")["S1"]
    assert (ada["birth_date"], ada["gender"], ada["school_name"]) == ("2012-03-04", "female", "Elm")
    assert [row["guardian_id"] for row in made.rows("student_guardians")] == ["G1"]
    assert made.rows("sections")[0]["grades"] == "KG"


def test_quotes_and_semicolons_in_names_of_columns_are_only_names(roster, zipped, files):
    nasty = 'metadata.x"; DROP TABLE y; --'
    add(files, "users", nasty, *["v"] * (len(files["users"]) - 1))
    assert roster(zipped(files)).rows("students")[0][nasty] == "v"


def test_an_extension_may_not_take_the_name_of_a_row_number(roster, zipped, files):
    add(files, "users", "_row_orgs", *["99"] * (len(files["users"]) - 1))
    ada = roster(zipped(files)).by("students", "student_id")["S1"]
    assert ada["_row_orgs"] == 4


def test_the_relation_is_as_complete_as_the_files_that_decide_its_members(roster, zipped, files):
    members = {one.table: set(one.members) for one in roster(zipped(files)).mapped.relations}
    roles = {"roles"} if "roles" in files else set()
    assert members["students"] == {"users"} | roles
    assert members["enrollments"] == {"enrollments", "classes", "users"} | roles
    assert members["sections"] == {"classes"}
