"""A layout out of a vendor's header: what is read, what is guessed, and what is told."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest
from rosterbus.cli import command_line
from rosterbus.errors import ConfigError
from rosterbus.layouts import LayoutSpec
from rosterbus_new.drafting import DraftedLayout, draft_layout
from rosterbus_new.guessing import guess_source
from rosterbus_new.vendor_files import read_vendor_file

HEADER = "Student ID,Legal Last Name,First Name,DOB,Grade Lvl,Hispanic,Favorite Colour\n"


def drafted(path: Path) -> DraftedLayout:
    return draft_layout(read_vendor_file(path), system="Acme")


def layout(text: str, folder: Path) -> LayoutSpec:
    """The layout that a drafted module declares."""
    path = folder / "drafted_files.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: LayoutSpec = module.layouts[0].spec
    return found


def test_every_column_becomes_one_of_the_layout_in_its_order(tmp_path: Path):
    path = tmp_path / "students.csv"
    path.write_text(HEADER, encoding="utf-8")

    draft = drafted(path)

    spec = layout(draft.text, tmp_path)
    assert [column.name for column in spec.columns] == HEADER.strip().split(",")
    assert spec.file == "students.csv"
    assert spec.key == ("Student ID",)
    assert (draft.columns, draft.unlike, draft.changing) == (7, 1, "last_name")
    assert spec.column("Legal Last Name").source.column == "last_name"
    assert spec.column("DOB").kind == "date"
    assert draft.text.count("# TODO: nothing in the roster is like it") == 1


@pytest.mark.parametrize(
    ("header", "source"),
    [
        ("StudentID", "student_id"),
        ("SIS_ID", "student_id"),
        ("stu no", "student_number"),
        ("Last", "last_name"),
        ("FNAME", "first_name"),
        ("MI", "middle_name"),
        ("dob", "birth_date"),
        ("Date of Birth", "birth_date"),
        ("Student E-Mail", "email"),
        ("Sex", "gender"),
        ("GradeLevel", "grade"),
        ("School Code", "school_number"),
        ("Building", "school_name"),
        ("HS Grad Yr", "graduation_year"),
        ("Zip Code", "zip"),
        ("Homeroom", None),
        ("Parent Email", None),
        ("Parent Last Name", None),
        ("Start Date", None),
        ("Ω", None),
    ],
)
def test_a_source_is_guessed_where_the_names_are_alike_and_nowhere_else(header: str, source: str | None):
    found = guess_source(header).column

    assert (found.name if found else None) == source


@pytest.mark.parametrize(
    ("cells", "form", "checked"),
    [
        ("12/31/2010 01/02/2011", '"%m/%d/%Y"', False),
        ("31/12/2010 01/02/2011", '"%d/%m/%Y"', False),
        ("2010-12-31", '"%Y-%m-%d"', False),
        ("20101231", '"%Y%m%d"', False),
        ("01/02/2010", '"%m/%d/%Y"', True),
        ("", '"%m/%d/%Y"', True),
        ("required", '"%m/%d/%Y"', True),
    ],
)
def test_how_a_day_is_written_is_seen_from_the_rows_or_to_be_checked(
    tmp_path: Path, cells: str, form: str, checked: bool
):
    path = tmp_path / "students.csv"
    path.write_text(
        "ID,Last Name,DOB\n" + "".join(f"1,a,{cell}\n" for cell in cells.split()), encoding="utf-8"
    )

    text = drafted(path).text

    assert f"format={form}" in text
    assert ("# TODO: how a day is written is assumed" in text) == checked


def test_no_cell_of_a_sample_gets_into_the_layout(tmp_path: Path):
    path = tmp_path / "students.csv"
    path.write_text(
        f"{HEADER}S1,Zqxdoe,Zqxjo,2010-12-31,9,Y,Zqxblue\nS2,a,b,2010-12-30,9,N,c\n", encoding="utf-8"
    )

    text = drafted(path).text

    assert "Zqx" not in text
    assert 'true="Y", false="N"' in text


@pytest.mark.parametrize(
    "header", ["foo,bar", "Student ID,Email", "Last Name,Homeroom", "Date,Class,1st,text,{{ x }}"]
)
def test_whatever_the_header_says_there_are_a_key_and_a_name_to_follow(tmp_path: Path, header: str):
    path = tmp_path / "odd.csv"
    path.write_text(header, encoding="utf-8")

    draft = drafted(path)

    spec = layout(draft.text, tmp_path)
    assert [column.name for column in spec.columns] == header.split(",")
    sources = [getattr(column.source, "column", "") for column in spec.columns]
    assert draft.changing in sources
    assert spec.column(spec.key[0]).required
    assert "# TODO" in draft.text


@pytest.mark.parametrize(
    ("name", "content", "dialect"),
    [
        ("a.csv", "Student ID;Last Name;Größe\n".encode(), (";", "utf-8", False)),
        ("a.tsv", b"Student ID\tLast Name\n", ("\t", "utf-8", False)),
        ("a.txt", b"Student ID|Last Name\r\n", ("|", "utf-8", False)),
        ("a.csv", b"\xef\xbb\xbfStudent ID,Last Name\n", (",", "utf-8", True)),
        ("a.csv", 'Student ID\t"Last Name"\n'.encode("utf-16"), ("\t", "utf-16", False)),
    ],
)
def test_delimiter_and_encoding_are_those_of_the_file(
    tmp_path: Path, name: str, content: bytes, dialect: tuple[str, str, bool]
):
    (tmp_path / name).write_bytes(content)

    spec = layout(drafted(tmp_path / name).text, tmp_path)

    assert [column.name for column in spec.columns][:2] == ["Student ID", "Last Name"]
    assert (spec.dialect.delimiter, spec.dialect.encoding, spec.dialect.bom) == dialect
    assert spec.file == name


def test_a_text_may_list_one_name_in_each_line(tmp_path: Path):
    (tmp_path / "columns.txt").write_text("Student ID\n\nLast Name\n", encoding="utf-8")

    vendor = read_vendor_file(tmp_path / "columns.txt")

    assert (vendor.name, [column.header for column in vendor.columns]) == (
        "columns.csv",
        ["Student ID", "Last Name"],
    )


def test_an_excel_template_is_read_where_openpyxl_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["Student ID", "Last Name", "DOB", None])
    book.active.append([7, "a", datetime(2010, 12, 31)])
    book.save(tmp_path / "template.xlsx")

    spec = layout(drafted(tmp_path / "template.xlsx").text, tmp_path)

    assert [column.name for column in spec.columns] == ["Student ID", "Last Name", "DOB"]
    assert spec.file == "template.csv"
    (tmp_path / "broken.xlsx").write_bytes(b"no zip")
    with pytest.raises(ConfigError, match="no Excel file that can be read"):
        read_vendor_file(tmp_path / "broken.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigError, match=r"pip install 'rosterbus-new\[xlsx\]'"):
        read_vendor_file(tmp_path / "template.xlsx")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", "the file is empty; a header is needed"),
        ("a.csv", b"\n \n", "the file is empty; a header is needed"),
        ("a.csv", b"only\n", "only one column was found"),
        ("a.csv", b"a,,c\n", "column 2 has no header"),
        ("a.csv", b"a,b,A\n", "columns 1 and 3 have the same header"),
        ("a.csv", b'a,"b\nc"\n', "the header of column 2 has a line break or another control character"),
        ("a.csv", b"a,_b\n", "the header of column 2 begins with an underscore"),
        (
            "a.csv",
            b"a,b\n1,2\nM\xfcller,3\n",
            "line 3: the file is not written as it should be; allowed: UTF-8",
        ),
        (
            "a.pdf",
            b"%PDF",
            "no header is read from such a file; found .pdf; allowed: .csv, .tsv, .txt, .xlsx",
        ),
    ],
)
def test_a_header_that_is_none_is_told_its_place_and_what_to_do(
    tmp_path: Path, name: str, content: bytes, told: str
):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ConfigError) as refused:
        read_vendor_file(tmp_path / name)

    assert told in str(refused.value)
    assert "Müller" not in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="the file cannot be read"):
        read_vendor_file(tmp_path / "none.csv")


def test_the_suite_is_told_which_name_to_follow(generated: Callable[..., Path], tmp_path: Path):
    header = tmp_path / "students.csv"
    header.write_text("ID,Preferred Name\n", encoding="utf-8")

    folder = generated(header=header)

    conformance = (folder / "src/rosterbus_acme/conformance.py").read_text(encoding="utf-8")
    assert 'changing="preferred_first_name"' in conformance


def test_only_a_destination_has_a_layout(tmp_path: Path, capsys):
    header = tmp_path / "students.csv"
    header.write_text(HEADER, encoding="utf-8")

    code = command_line(
        [
            "new",
            "--no-input",
            "--into",
            str(tmp_path / "x"),
            "--layout-from",
            str(header),
            "name=acme",
            "kind=source",
        ]
    )

    assert code == 2
    assert "only a destination has a layout" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
