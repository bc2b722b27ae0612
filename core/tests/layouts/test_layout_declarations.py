import subprocess
import sys
from dataclasses import FrozenInstanceError, fields

import pytest
from rosterbus.findings import Rule
from rosterbus.layouts import (
    Column,
    Dialect,
    Direct,
    Keyed,
    Layout,
    LayoutSpec,
    Limits,
    Match,
    Skip,
    Transform,
    as_spec,
    as_specs,
    boolean,
    code,
    date,
    decimal,
    describe,
    email,
    integer,
    text,
    words,
)
from rosterbus.layouts.layout import LayoutOptions
from rosterbus.secrets import SecretReference

SECRET = SecretReference("env", "EXAMPLE")


class Students(
    Layout, file="students.csv", rows="students", key="Student Id", unique=("Email",), source="the page"
):
    student_id = text("Student Id", direct="student_id", required=True, longest=20, pattern=r"[A-Za-z0-9]+")
    address = email("Email", direct="email", rule="article 7")
    birth_date = date("Date of Birth", direct="birth_date", format="%m/%d/%Y", required=True)
    gender = code("Gender", match="gender", codes={"female": "F", "male": "M"}, required=True)
    race = text("Race")


class StudentGuardians(
    Layout,
    file="guardians.csv",
    rows="student_guardians",
    key=("Student Id", "Guardian Id"),
    absence="deleted",
    within="students",
    references={"Student Id": "students"},
):
    student_id = text("Student Id", direct="student_id", required=True)
    guardian_id = text("Guardian Id", direct="guardian_id", required=True)


def test_a_class_reads_as_the_vendors_table():
    spec = as_spec(Students)
    assert spec.name == "students"
    assert spec.key == ("Student Id",)
    assert spec.unique == (("Email",),)
    assert spec.split == ()
    assert [column.name for column in spec.columns] == [
        "Student Id",
        "Email",
        "Date of Birth",
        "Gender",
        "Race",
    ]
    assert [column.attribute for column in spec.columns] == [
        "student_id",
        "address",
        "birth_date",
        "gender",
        "race",
    ]
    assert as_spec(spec) is spec


def test_the_name_is_the_classes_in_snake_case():
    assert StudentGuardians.spec.name == "student_guardians"

    class Users(Layout, name="people", file="users.csv", rows="staff", key="Id"):
        staff_id = text("Id")

    assert Users.spec.name == "people"


def test_a_spec_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Students.spec.file = "other.csv"


def test_a_class_takes_what_a_spec_takes():
    assert set(LayoutOptions.__annotations__) == {field.name for field in fields(LayoutSpec)} - {"columns"}


def test_a_source_is_one_of_the_four_mapping_types():
    assert text("A", direct="a").source == Direct("a")
    assert text("A", match="a", codes={"x": "y"}).source == Match("a", {"x": "y"}, "reject")
    assert text("A", match="a", codes="codes/a.csv", unmatched="blank").source == Match(
        "a", "codes/a.csv", "blank"
    )
    assert text("A", transform="upper(a)").source == Transform("upper(a)")
    assert text("A", value="it's").source == Transform("'it''s'")
    assert text("A").source == Skip()


def test_a_keyed_password_is_sensitive_and_stays_so_whatever_feeds_it_later():
    column = text("Password", keyed="student_id", secret=SECRET)
    assert column.source == Keyed("student_id", SECRET)
    assert column.sensitive
    assert column.with_source(Direct("student_number")).sensitive
    assert text("Password", direct="student_id").with_source(Keyed("student_id", SECRET)).sensitive
    assert text("Password", keyed="student_id", secret=None).source == Keyed("student_id", None)


def test_another_source_leaves_the_vendors_limits():
    column = code("Gender", match="gender", codes={"female": "F"}).with_source(Match("sex", {"w": "W"}))
    assert column.problems("W") == ("Must be one of: F.",)


def test_a_column_made_at_run_time_is_called_by_its_header():
    assert text("primary_education:major_names").attribute == "primary_education_major_names"
    assert text("学生").attribute == "学生"


MISUSED = {
    "it has `direct` and `value`; a column comes from one place": lambda: text("A", direct="a", value="b"),
    "it has `direct` and `match`": lambda: text("A", direct="a", match="b", codes={"c": "d"}),
    "`match` needs `codes`": lambda: text("A", match="a"),
    "`codes` goes with `match`": lambda: text("A", direct="a", codes={"b": "c"}),
    "`codes` is {}; a mapping that is not empty or a path is needed": lambda: text("A", match="a", codes={}),
    "`unmatched` is 'drop'; allowed": lambda: text("A", match="a", codes={"b": "c"}, unmatched="drop"),
    r"`unmatched` is {'else': 'X'}": lambda: text("A", match="a", codes={"b": "c"}, unmatched={"else": "X"}),
    "`direct` is ''; a text is needed": lambda: text("A", direct=""),
    "it has `direct` and `keyed`": lambda: text("A", direct="a", keyed="b", secret=SECRET),
    "`keyed` needs `secret`": lambda: text("A", keyed="a"),
    "a secret, never the secret itself": lambda: text("A", keyed="a", secret="hush"),
    "`secret` goes with `keyed`": lambda: text("A", direct="a", secret=SECRET),
    "is a text, and the kind is 'integer'": lambda: integer("A", keyed="a", secret=SECRET),
    "`direkt` is unknown here; allowed: direct": lambda: text("A", direkt="a"),
    "`longest` is unknown here": lambda: boolean("A", longest=3),
    "a code needs `codes` or `choices`": lambda: code("A", direct="a"),
    "`choices` is the text 'abc'; give a tuple": lambda: text("A", choices="abc"),
    "one of `choices` is blank": lambda: text("A", choices=("", "b")),
    "`also` is the text": lambda: text("A", also="clear"),
    "`longest` is 0": lambda: text("A", longest=0),
    "`shortest` is 3 and `longest` 2": lambda: text("A", shortest=3, longest=2),
    "`pattern_says` goes with `pattern`": lambda: text("A", pattern_says="letters"),
    "the format is '%d %b %Y'; allowed": lambda: date("A", format="%d %b %Y"),
    "the format is '%Y-%m'; allowed": lambda: date("A", format="%Y-%m"),
    "the format is '%m/%d/%y'; allowed": lambda: date("A", format="%m/%d/%y"),
    "`true` and `false` need two different words": lambda: boolean("A", true="X", false="X"),
    "`places` is 10; allowed: 0 to 9": lambda: decimal("A", places=10),
    "`minimum` is 1E-10": lambda: decimal("A", minimum="0.0000000001"),
    "`maximum` is 1000000000000000000": lambda: integer("A", maximum=10**18),
    "`maximum` is NaN": lambda: decimal("A", maximum="NaN"),
    "`joiner` is blank": lambda: words("A", joiner=""),
    "the header is blank": lambda: text(" "),
    "the header is blank or has control": lambda: text("a\nb"),
    "the kind 'txt' is unknown; allowed: text,": lambda: Column(name="A", attribute="a", kind="txt"),
    "its name in Python, is blank": lambda: Column(name="A", attribute=""),
}


@pytest.mark.parametrize("message", MISUSED)
def test_a_misused_column_is_refused_where_it_stands(message):
    with pytest.raises(TypeError) as error:
        MISUSED[message]()
    assert message in str(error.value)
    assert "column 'A'" in str(error.value) or "header" in message or "unmatched" in message


def spec(**changed):
    columns = (text("Id"), text("Email"), text("School Id"))
    return LayoutSpec(
        **{"name": "users", "file": "users.csv", "rows": "staff", "key": ("Id",), "columns": columns}
        | changed
    )


CONTRADICTIONS = {
    "`key` names 'id', which is no header; did you mean 'Id'?": {"key": ("id",)},
    "it has no key": {"key": ()},
    "`key` is one text, 'Id'; give a tuple of headers": {"key": "Id"},
    "`unique` is one text, 'Email'": {"unique": ("Email",)},
    "`unique` names 'Mail'": {"unique": (("Mail",),)},
    "`identifiers` names 'Login', which is no header; known: 'Id', 'Email', 'School Id'": {
        "identifiers": ("Login",)
    },
    "`references` names 'School'": {"references": {"School": "schools"}},
    "`leaver` names 'Status'": {"absence": "explicit", "leaver": {"Status": "gone"}},
    "`rules` names 'Phone'": {"rules": (Rule("true", ("Phone",), "sentence", "page"),)},
    "`leaver` (what is set in the row of one who left)": {"absence": "explicit"},
    '`absence="explicit"` go together': {"leaver": {"Email": "gone"}},
    '`within` goes with `absence="deleted"`': {"within": "schools", "references": {"School Id": "schools"}},
    "it is `within` `schools`, and no column refers there": {"within": "schools", "absence": "deleted"},
    "`absence` is 'gone'; allowed: kept, deleted": {"absence": "gone"},
    "`sends` is 'all'; allowed: everyone": {"sends": "all"},
    "`skips` is 'never'; allowed: blank, absent": {"skips": "never"},
    "with `absence='deleted'` the file must hold everyone, and `sends` is 'new'": {
        "absence": "deleted",
        "sends": "new",
    },
    "`file` is 'a/b.csv'": {"file": "a/b.csv"},
    r"`file` is 'a\\b.csv'": {"file": "a\\b.csv"},
    "`file` is '..'": {"file": ".."},
    "`name` is 'My users'": {"name": "My users"},
    "`rows` is ''": {"rows": ""},
    "it has no columns": {"columns": ()},
    "none of its columns is written": {"columns": (text("Id", written=False),)},
    "`split` is one text, 'school_id'; give a tuple": {"split": "school_id"},
    "`split` names '_row', which is no roster column": {"split": ("_row",)},
    "`split` names 'school_id' twice": {"split": ("school_id", "school_id")},
    """with `split` absence can only be "kept", and it is 'deleted'""": {
        "split": ("school_id",),
        "absence": "deleted",
    },
    """with `split` absence can only be "kept", and it is 'explicit'""": {
        "split": ("school_id",),
        "absence": "explicit",
        "leaver": {"Email": "gone"},
    },
    "two columns have the header 'id' (case does not count)": {"columns": (text("Id"), text("ID"))},
    "two columns have the attribute `a_b`": {"columns": (text("A b"), text("A-b")), "key": ("A b",)},
    "the header '_row' begins with an underscore": {"columns": (text("Id"), text("_row"))},
}


@pytest.mark.parametrize("message", CONTRADICTIONS)
def test_a_layout_that_contradicts_itself_is_refused(message):
    with pytest.raises(ValueError, match="layout `") as error:
        spec(**CONTRADICTIONS[message])
    assert message in str(error.value)


def test_a_class_that_is_no_layout_is_refused():
    with pytest.raises(TypeError, match="layout Half: `key` is missing"):
        type("Half", (Layout,), {"a": text("A")}, file="a.csv", rows="staff")
    with pytest.raises(TypeError, match="layout Wide: `colour` is unknown here; allowed: name, file"):
        type("Wide", (Layout,), {"a": text("A")}, file="a.csv", rows="staff", key="A", colour="red")
    with pytest.raises(TypeError, match="layout Odd: `size` is no column"):
        type("Odd", (Layout,), {"a": text("A"), "size": 3}, file="a.csv", rows="staff", key="A")
    with pytest.raises(
        TypeError, match=r"layout Alumni: a layout is not made from another; use `spec.with_columns\(...\)`"
    ):
        type("Alumni", (Students,), {}, file="a.csv", rows="students", key="Student Id")


def test_columns_are_found_by_header_and_by_attribute():
    assert Students.spec.column("Date of Birth") is Students.spec.column("birth_date")
    with pytest.raises(KeyError, match="has no column 'birthdate'; did you mean 'birth_date'"):
        Students.spec.column("birthdate")


def test_a_column_replaces_the_one_with_its_attribute_and_others_come_last():
    changed = Students.spec.with_columns(
        text("Race", direct="race"), text("Homeroom", direct="metadata.homeroom")
    )
    assert changed.column("race").source == Direct("race")
    assert [column.name for column in changed.columns[-2:]] == ["Race", "Homeroom"]
    assert len(Students.spec.columns) == 5


def test_a_new_header_holds_everywhere():
    old = spec(
        unique=(("Email",), ("Id", "Email")),
        identifiers=("Email",),
        references={"Email": "people"},
        absence="explicit",
        leaver={"Email": ""},
        rules=(Rule('"Email" <> \'"Email"\' AND "Id" <> \'\'', ("Email", "Id"), "sentence", "page"),),
    )
    new = old.with_columns(Column(name="E-Mail", attribute="email"))
    assert new.unique == (("E-Mail",), ("Id", "E-Mail"))
    assert new.identifiers == ("E-Mail",)
    assert new.references == {"E-Mail": "people"}
    assert new.leaver == {"E-Mail": ""}
    assert new.rules[0].columns == ("E-Mail", "Id")
    assert new.rules[0].predicate == '"E-Mail" <> \'"Email"\' AND "Id" <> \'\''
    assert spec().with_columns(Column(name="Key", attribute="id")).key == ("Key",)


def test_the_layouts_of_a_destination_fit_together():
    assert as_specs([Students, StudentGuardians.spec]) == (Students.spec, StudentGuardians.spec)
    with pytest.raises(
        ValueError, match="layout `student_guardians`: 'Student Id' refers to `students`; did you mean"
    ):
        as_specs([StudentGuardians])
    with pytest.raises(ValueError, match="two layouts have the name `students`"):
        as_specs([Students, Students])
    with pytest.raises(ValueError, match=r"two layouts have the file `users.csv`"):
        as_specs([spec(), spec(name="others", file="Users.csv")])
    with pytest.raises(ValueError, match="'Id' refers to `student_guardians`, whose key is not one column"):
        as_specs([Students, StudentGuardians, spec(references={"Id": "student_guardians"})])


@pytest.mark.parametrize(
    "wrong",
    [
        {"delimiter": ";;"},
        {"quote": ""},
        {"delimiter": '"'},
        {"newline": "\r"},
        {"encoding": "utf-9"},
        {"quoting": "none"},
        {"encoding": "windows-1252", "bom": True},
    ],
)
def test_a_dialect_that_nobody_could_read_is_refused(wrong):
    with pytest.raises(ValueError):
        Dialect(**wrong)


def test_a_limit_that_lets_nothing_through_is_refused():
    with pytest.raises(ValueError, match="`rows` is 0"):
        Limits(rows=0)


def test_a_layout_describes_itself():
    rows = {row["column"]: row for row in describe(Students.spec)}
    assert rows["Student Id"] == {
        "column": "Student Id",
        "attribute": "student_id",
        "required": "yes",
        "kind": "text",
        "source": "direct: student_id",
        "limits": "at most 20 characters; matches ([A-Za-z0-9]+)",
        "rule": "the page",
        "note": "",
    }
    assert rows["Email"]["rule"] == "article 7"
    assert rows["Date of Birth"]["limits"] == "mm/dd/yyyy"
    assert rows["Gender"]["source"] == "match codes: gender by female = F, male = M"
    assert rows["Gender"]["limits"] == "one of F, M"
    assert rows["Race"]["source"] == "do not map"


def test_every_limit_is_described():
    column = words(
        "W", joiner=";", shortest=2, longest=9, pattern="[a-z]+", pattern_says="abc", sensitive=True
    )
    described = describe(
        spec(
            columns=(
                text("Id", single_line=True, transform="lower(a)"),
                boolean("B", true="Y", false="N", match="a", codes="a.csv"),
                decimal("D", places=2, minimum=0, maximum="4.5", also=("NONE",)),
                column,
                text("P", keyed="a", secret=SECRET, written=False),
            )
        )
    )
    assert [row["limits"] for row in described] == [
        "no line breaks",
        "Y or N",
        "at most 2 decimals; at least 0; at most 4.5; or NONE",
        "joined by ';'; each at least 2 characters; each at most 9 characters; each abc ([a-z]+); sensitive",
        "sensitive; compared, not in the file",
    ]
    assert [row["source"] for row in described[:2]] == ["transformation: lower(a)", "match codes: a by a.csv"]
    assert described[-1]["source"] == "a password made of a with a secret"


def test_declaring_layouts_does_not_start_the_engine():
    program = "import sys, rosterbus.layouts; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
