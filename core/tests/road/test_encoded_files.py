"""A vendor's encoding: the bytes are in it, and a cell that it cannot hold is a problem, never another character."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rosterbus_shelf
from rosterbus.layouts import Dialect, Limits, text
from rosterbus.plan.stored import StoredPlan
from shelf_kit import ShelfVillage
from village_kit import student


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., StoredPlan]:
    """Plans these first names for a vendor that takes files of this dialect."""

    def plan(dialect: Dialect, *names: str) -> StoredPlan:
        village = ShelfVillage(tmp_path)
        village.vendor.mkdir()
        (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
        village.shelve()
        made = replace(rosterbus_shelf.Members.spec, dialect=dialect)
        monkeypatch.setattr(rosterbus_shelf, "layouts", lambda settings: (made,))
        village.baseline_empty()
        village.write(
            [student(number).replace(f"First{number}", name) for number, name in enumerate(names, 1)]
        )
        return village.plan()

    return plan


@pytest.mark.parametrize(
    ("dialect", "start", "decoded_by"),
    [
        (Dialect(encoding="windows-1252"), b'"', "windows-1252"),
        (Dialect(bom=True), b"\xef\xbb\xbf", "utf-8"),
        (Dialect(encoding="utf-8-sig", bom=True), b"\xef\xbb\xbf", "utf-8"),
        (Dialect(encoding="utf-16-le", bom=True), b"\xff\xfe", "utf-16-le"),
        (Dialect(encoding="utf-16", bom=True), b"\xff\xfe", "utf-16-le"),
    ],
)
def test_the_bytes_are_in_the_vendors_encoding(
    planned: Callable[..., Any], dialect: Dialect, start: bytes, decoded_by: str
):
    [file] = planned(replace(dialect, quoting="all"), "Zo\u00eb", "Ana").files
    content = file.path.read_bytes()

    assert content.startswith(start)
    marks = content.decode(decoded_by).count("\ufeff")
    assert marks == (start != b'"')
    assert '"Zo\u00eb"' in content.decode(decoded_by)
    assert len(content) == file.bytes


def test_a_cell_that_the_encoding_cannot_hold_is_that_cells_problem(planned: Callable[..., Any]):
    plan = planned(Dialect(encoding="windows-1252"), "Zo\u00eb", "\u0141ucja", "Ana")

    [layout] = plan.layouts
    assert (layout.counts["rejected"], layout.counts["staged"]) == (1, 2)
    assert layout.problems == {"First": 1}
    assert "\u0141".encode() not in plan.files[0].path.read_bytes()


def test_a_header_that_the_encoding_cannot_hold_is_refused():
    spec = rosterbus_shelf.Members.spec
    odd = text("Imi\u0119", direct="first_name")

    with pytest.raises(ValueError, match="cannot be written in the encoding 'windows-1252'"):
        replace(spec, columns=(*spec.columns, odd), dialect=Dialect(encoding="windows-1252"))


def test_files_are_not_split_by_bytes_in_a_wide_encoding():
    with pytest.raises(ValueError, match="not split by bytes in the encoding 'utf-16'"):
        replace(
            rosterbus_shelf.Members.spec,
            split=("school_id",),
            limits=Limits(bytes=1000),
            dialect=Dialect(encoding="utf-16"),
        )
