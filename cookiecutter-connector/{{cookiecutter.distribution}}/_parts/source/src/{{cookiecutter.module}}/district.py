"""A school district that does not exist, in {{ cookiecutter.system }}'s own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

STUDENTS = 12
SCHOOLS = ("North", "South")
GRADES = ("K", "3", "9", "12")
Row = Sequence[str]


def tables() -> Mapping[str, Sequence[Row]]:
    """The rows of every table, in the order of its columns."""
    numbers = range(STUDENTS)
    return {
        "schools": [(f"S{number}", f"010{number}", f"{name} School") for number, name in enumerate(SCHOOLS)],
        "students": [_student(number) for number in numbers],
        "enrollments": [(f"P{number}", _school(number), "2027", "2026-08-17", "") for number in numbers],
        "guardians": [_guardian(number) for number in numbers],
    }


def _student(number: int) -> Row:
    named = (f"P{number}", f"{70000 + number}", "Ada", f"Doe-{number}", "2015-03-09", "FM"[number % 2])
    return (*named, f"ada{number}@example.org", GRADES[number % len(GRADES)], _school(number), "yes")


def _guardian(number: int) -> Row:
    named = (f"G{number}", f"P{number}", "parent", "Max", f"Doe-{number}")
    return (*named, f"max{number}@example.org", f"217-555-01{number:02}")


def _school(number: int) -> str:
    return f"S{number % len(SCHOOLS)}"
