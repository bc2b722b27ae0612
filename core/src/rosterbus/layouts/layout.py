"""A layout as a connector's author writes it: a class that reads like the vendor's own table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Required, TypedDict, Unpack

from rosterbus.findings import Rule
from rosterbus.layouts.columns import Column
from rosterbus.layouts.spec import Absence, Dialect, LayoutSpec, Limits, Sends, Skips, as_checked


class LayoutOptions(TypedDict, total=False):
    """The keyword arguments of a layout's class: those of `LayoutSpec`; one header may stand for a tuple."""

    name: str
    file: Required[str]
    rows: Required[str]
    key: Required[str | tuple[str, ...]]
    school: str
    absence: Absence
    within: str
    references: Mapping[str, str]
    unique: str | tuple[str | tuple[str, ...], ...]
    identifiers: str | tuple[str, ...]
    sends: Sends
    leaver: Mapping[str, str]
    dialect: Dialect
    limits: Limits
    split: str | tuple[str, ...]
    open: bool
    skips: Skips
    where: str
    rules: tuple[Rule, ...]
    source: str


class Layout:
    """One file that a vendor takes.

    ```python
    class Students(Layout, file="students.csv", rows="students", key="Student Id"):
        student_id = text("Student Id", direct="student_id", required=True, longest=20)
        birth_date = date("Date of Birth", direct="birth_date", format="%m/%d/%Y")
    ```

    The class holds columns only, in the file's order; `spec` is what comes of it. Its name, in snake case, is
    the layout's name in a pipeline. Raises TypeError or ValueError at once for what is wrong.
    """

    spec: ClassVar[LayoutSpec]

    def __init_subclass__(cls, **options: Unpack[LayoutOptions]) -> None:
        super().__init_subclass__()
        if cls.__mro__[1] is not Layout:
            raise TypeError(
                f"layout {cls.__name__}: a layout is not made from another; use `spec.with_columns(...)`"
            )
        cls.spec = LayoutSpec(**_arguments(cls.__name__, dict(options)), columns=_columns(cls))


def as_spec(layout: type[Layout] | LayoutSpec) -> LayoutSpec:
    """The spec of a layout in either form."""
    return layout if isinstance(layout, LayoutSpec) else layout.spec


def as_specs(layouts: Iterable[type[Layout] | LayoutSpec]) -> tuple[LayoutSpec, ...]:
    """The specs of one destination, checked against each other: names, files, references; or ValueError."""
    return as_checked(as_spec(layout) for layout in layouts)


def _columns(cls: type[Layout]) -> tuple[Column, ...]:
    members = {name: member for name, member in vars(cls).items() if not name.startswith("__")}
    for name, member in members.items():
        if not isinstance(member, Column):
            raise TypeError(f"layout {cls.__name__}: `{name}` is no column; a layout holds columns only")
    return tuple(replace(column, attribute=name) for name, column in members.items())


def _arguments(class_name: str, options: dict[str, Any]) -> dict[str, Any]:
    if missing := [name for name in ("file", "rows", "key") if name not in options]:
        raise TypeError(
            f"layout {class_name}: `{missing[0]}` is missing; a layout needs `file`, `rows` and `key`"
        )
    known = LayoutOptions.__annotations__
    if unknown := [name for name in options if name not in known]:
        raise TypeError(f"layout {class_name}: `{unknown[0]}` is unknown here; allowed: {', '.join(known)}")
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", class_name).lower()
    lists: dict[str, Any] = {
        name: _tuple(options[name]) for name in ("key", "identifiers", "split", "unique") if name in options
    }
    if "unique" in lists:
        lists["unique"] = tuple(_tuple(names) for names in lists["unique"])
    return {"name": snake, **options, **lists}


def _tuple(names: Any) -> tuple[Any, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
