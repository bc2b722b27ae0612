"""Exports that are dirty, incomplete or strange still give a roster, and every row has an account."""

from __future__ import annotations

import pytest
from rosterbus.roster import vocabulary


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
    files.put("users", 5, agentSourcedIds="S2,S1,S1")
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
    v12.put("roles", 5, role="SITEadministrator")
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
            files.put("users", at, role=role)
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
    files.put("classes", 1, courseSourcedId="NOCOURSE", schoolSourcedId="NOWHERE")
    files.put("enrollments", 1, userSourcedId="NOBODY", beginDate="15.8.2026")
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
    files.add("users", nasty, *["v"] * (len(files["users"]) - 1))
    assert roster(zipped(files)).rows("students")[0][nasty] == "v"


def test_an_extension_may_not_take_the_name_of_a_row_number(roster, zipped, files):
    files.add("users", "_row_orgs", *["99"] * (len(files["users"]) - 1))
    ada = roster(zipped(files)).by("students", "student_id")["S1"]
    assert ada["_row_orgs"] == 4


def test_the_relation_is_as_complete_as_the_files_that_decide_its_members(roster, zipped, files):
    members = {one.table: set(one.members) for one in roster(zipped(files)).mapped.relations}
    roles = {"roles"} if "roles" in files else set()
    assert members["students"] == {"users"} | roles
    assert members["enrollments"] == {"enrollments", "classes", "users"} | roles
    assert members["sections"] == {"classes"}
