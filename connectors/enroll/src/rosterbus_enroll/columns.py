"""The columns that a district chose: headers of its own, and the roster column that each is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import marshmallow
from marshmallow import fields

DEFAULT: Mapping[str, str] = MappingProxyType(
    {
        "Registration ID": "registration_id",
        "Student ID": "student_id",
        "First Name": "first_name",
        "Middle Name": "middle_name",
        "Last Name": "last_name",
        "Date of Birth": "birth_date",
        "Gender": "gender",
        "Grade": "grade",
        "School": "school_name",
        "School Year": "school_year",
        "Address": "street",
        "City": "city",
        "State": "state",
        "Zip": "zip",
        "Phone": "phone",
        "Email": "email",
        "Guardian First Name": "guardian_first_name",
        "Guardian Last Name": "guardian_last_name",
        "Guardian Email": "guardian_email",
        "Guardian Phone": "guardian_phone",
    }
)
"""A beginning: Enroll has no columns of its own, every district makes its file."""
_NAME = re.compile(r"[a-z][a-z0-9_.]*")


class ColumnsField(fields.Dict):
    """Header and roster column, in the file's order; none at all stands for `DEFAULT`."""

    def __init__(self, about: str) -> None:
        super().__init__(
            keys=fields.String(), values=fields.String(), load_default=dict, metadata={"about": about}
        )

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        chosen: dict[str, str] = super()._deserialize(value, *arguments, **options)  # type: ignore[no-untyped-call]
        for header, column in chosen.items():
            if not header.strip():
                raise marshmallow.ValidationError("a header is blank")
            if not _NAME.fullmatch(column):
                raise marshmallow.ValidationError(
                    {header: ['this is no roster column; write one as in "Date of Birth" = "birth_date"']}
                )
        return chosen


def chosen_columns(settings: Any) -> Mapping[str, str]:
    """The columns of the settings, or the default ones."""
    chosen: Mapping[str, str] = settings["columns"]
    return chosen or DEFAULT
