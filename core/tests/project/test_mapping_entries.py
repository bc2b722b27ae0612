"""A mapping entry has one of five forms, and every other form is refused with the five."""

import pytest
from rosterbus.errors import ConfigError
from rosterbus.project import MappingEntry

COLUMNS = "[deliver.handshake.map.students.columns]\n"


def column(folder, written):
    pipeline = folder.small(COLUMNS + f"x = {written}\n")
    return pipeline.delivery("handshake").map["students"].columns["x"]


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ('"student_id"', MappingEntry(direct="student_id")),
        (
            '{ match = "grade", codes = { 12 = "Senior", "" = "none" } }',
            MappingEntry(match="grade", codes={"12": "Senior", "": "none"}),
        ),
        (
            '{ match = "grade", codes = "codes/grade.csv", unmatched = "blank" }',
            MappingEntry(match="grade", codes="codes/grade.csv", unmatched="blank"),
        ),
        (
            '{ match = "grade", codes = {}, unmatched = { default = "" } }',
            MappingEntry(match="grade", unmatched={"default": ""}),
        ),
        ("{ transform = \"lpad(card_id, 9, '0')\" }", MappingEntry(transform="lpad(card_id, 9, '0')")),
        ('{ value = "" }', MappingEntry(value="")),
        ("{ skip = true }", MappingEntry(skip=True)),
        ('{ value = "1", rename = "Campus" }', MappingEntry(value="1", rename="Campus")),
    ],
)
def test_each_form_is_read(folder, written, entry):
    folder.write("codes/grade.csv", "from,to,note\n")
    read = column(folder, written)
    assert read == entry
    assert not read.only_renames


def test_a_rename_alone_keeps_the_source_of_the_layout(folder):
    assert column(folder, '{ rename = "Campus" }').only_renames


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "7",
            'line 10: `.*columns.x`: this is no mapping; found a whole number; allowed: "roster_column", {',
        ),
        ('" "', "the text is blank"),
        ("{}", "a column has exactly one mapping; found none"),
        ('{ value = "1", skip = true }', "a column has exactly one mapping; found `value` and `skip`"),
        ('{ valeu = "1" }', "`.*columns.x.valeu`: there is no such key here; allowed: value"),
        ("{ skip = false }", "`.*columns.x.skip`: a column that is not skipped has another mapping"),
        ("{ value = 1 }", "`.*columns.x.value`: this is a text, written in quotes; found a whole number"),
        ('{ match = "grade" }', "`match` needs `codes`"),
        ('{ codes = {}, value = "1" }', "`codes` belongs to `match`"),
        ('{ unmatched = "keep", value = "1" }', "`unmatched` belongs to `match`"),
        (
            '{ match = "g", codes = { 12 = 1 } }',
            "`.*columns.x.codes.12`: this is a text, .*found a whole number",
        ),
        ('{ match = "g", codes = 1 }', "`.*columns.x.codes`: this is a table; found a whole number"),
        (
            '{ match = "g", codes = "codes/no.csv" }',
            "there is no such file in the project folder; found 'codes/no.csv'",
        ),
        ('{ match = "g", codes = "../grade.csv" }', "the path leaves the project folder"),
        ('{ match = "g", codes = "/etc/passwd" }', "the path leaves the project folder"),
        (
            '{ match = "g", codes = {}, unmatched = "drop" }',
            '`.*unmatched`: this is no answer .*allowed: "reject"',
        ),
        ('{ match = "g", codes = {}, unmatched = { default = 1 } }', "`.*unmatched.default`: this is a text"),
        ('{ match = "g", codes = {}, unmatched = ["keep"] }', "`.*unmatched`: this is no answer"),
    ],
)
def test_every_other_form_is_refused(folder, written, message):
    with pytest.raises(ConfigError, match=message):
        column(folder, written)


def test_a_link_out_of_the_project_folder_is_refused(folder, tmp_path):
    (tmp_path / "secret.csv").write_text("from,to\n", encoding="utf-8")
    folder.write("codes/x", "")
    (folder.path / "codes" / "grade.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ConfigError, match="the path leaves the project folder"):
        column(folder, '{ match = "g", codes = "codes/grade.csv" }')


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            'columns.grade = { value = "9", rename = "g" }',
            "`source.map.students.columns.grade.rename`: a roster column",
        ),
        ('where = "true"', "`source.map.students.where`: there is no such key here; allowed: columns"),
    ],
)
def test_corrections_of_the_roster_neither_rename_nor_filter(folder, more, message):
    with pytest.raises(ConfigError, match=message):
        folder.small("[source.map.students]\n" + more)
