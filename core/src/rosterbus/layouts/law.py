"""The law on rendered text: strict marshmallow fields, which accept a text only as they write it back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from marshmallow import ValidationError, fields, missing, validate

from rosterbus.layouts.patterns import read_pattern

if TYPE_CHECKING:
    from rosterbus.layouts.columns import Column

BLANKS = " \t\r\n"
UNRENDERED = "\x02"
"""What rendering puts before a text that it must not touch and the law must not accept."""

CONTROL = r"\x00-\x09\x0b\x0c\x0e-\x1f\x7f"
"""The control characters of ASCII without line breaks, as both Python and RE2 write them in a set."""

ISO = "%Y-%m-%d"
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NO_CONTROL = re.compile(rf"[^{CONTROL}\x80-\x9f]*\Z")
_NO_BREAK = re.compile(r"[^\r\n]*\Z")

_Loaded = TypeVar("_Loaded")
_Data = Mapping[str, Any] | None


def _faithful(field: fields.Field[_Loaded], loaded: _Loaded, text: str) -> _Loaded:
    """`loaded`, if it is written back as `text`."""
    if field._serialize(loaded, None, None) != text:
        raise field.make_error("invalid", input="", obj_type="date")
    return loaded


class FaithfulDate(fields.Date):
    """A date in exactly one format: ``2026-1-5`` is none."""

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **kwargs: Any) -> Any:
        return _faithful(self, super()._deserialize(value, attr, data, **kwargs), value)


class FaithfulInteger(fields.Integer):
    """A whole number in plain digits: ``1_0``, ``+5`` and ``007`` are none."""

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **kwargs: Any) -> Any:
        return _faithful(self, super()._deserialize(value, attr, data, **kwargs), value)


class FaithfulDecimal(fields.Decimal):
    """A number in plain digits, with as many decimals as are declared: ``3.999`` and ``1e2`` are none."""

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **kwargs: Any) -> Any:
        if not _PLAIN_NUMBER.fullmatch(value):
            raise self.make_error("invalid", input="")
        return _faithful(self, super()._deserialize(value, attr, data, **kwargs), value)


class JoinedWords(fields.Field[list[str]]):
    """A list written as one text; every entry obeys the inner field."""

    def __init__(self, entry: fields.String, joiner: str, **kwargs: Any) -> None:
        self.entry, self.joiner = entry, joiner
        super().__init__(**kwargs)

    def _serialize(self, value: list[str] | None, *_: Any, **__: Any) -> str | None:
        return None if value is None else self.joiner.join(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[str]:
        if value.startswith(UNRENDERED):
            raise ValidationError(f"An entry contains the separator {self.joiner!r}.")
        entries: list[str] = value.split(self.joiner)
        messages = [message for entry in entries for message in problems(self.entry, entry)]
        if "" in entries:
            messages.append("An entry is blank.")
        if messages:
            raise ValidationError(list(dict.fromkeys(messages)))
        return entries


def field_of(column: Column) -> fields.Field[Any]:
    """The marshmallow field of a column, for text that is not blank; `problems` knows what a blank means."""
    required = column.required
    if column.kind == "date":
        return FaithfulDate(
            format="iso" if column.format == ISO else column.format,
            required=required,
            error_messages=_date_messages(column),
        )
    if column.kind == "boolean":
        return fields.Boolean(
            truthy={column.true},
            falsy={column.false},
            required=required,
            error_messages=_boolean_messages(column),
        )
    if column.kind == "integer":
        return FaithfulInteger(as_string=True, validate=_bounds(column), required=required)
    if column.kind == "decimal":
        return FaithfulDecimal(
            column.places,
            as_string=True,
            validate=_bounds(column),
            required=required,
            error_messages=_decimal_messages(column),
        )
    if column.kind == "words":
        return JoinedWords(fields.String(validate=_text_rules(column)), column.joiner, required=required)
    if column.kind == "email":
        return fields.Email(validate=_text_rules(column), required=required)
    return fields.String(validate=_text_rules(column), required=required)


def in_words(form: str) -> str:
    """A date's format as people write it: ``mm/dd/yyyy``."""
    return form.replace("%Y", "yyyy").replace("%m", "mm").replace("%d", "dd")


def problems(field: fields.Field[Any], text: str) -> tuple[str, ...]:
    """marshmallow's messages for a rendered text; none contains it. A required text may not be all blank."""
    blank = not text or (field.required and not text.strip(BLANKS))
    try:
        field.deserialize(missing if blank else text)
    except ValidationError as error:
        return tuple(str(message) for message in error.messages)
    return ()


def _text_rules(column: Column) -> list[validate.Validator]:
    rules: list[validate.Validator] = [
        validate.Regexp(_NO_CONTROL, error="Must not contain control characters.")
    ]
    if column.single_line:
        rules.append(validate.Regexp(_NO_BREAK, error="Must not contain line breaks."))
    if column.shortest is not None or column.longest is not None:
        rules.append(validate.Length(column.shortest, column.longest))
    if column.pattern:
        says = _literally(column.pattern_says)
        rules.append(validate.Regexp(read_pattern(column.pattern).whole, error=says or None))
    if column.choices:
        rules.append(validate.OneOf(column.choices))
    return rules


def _bounds(column: Column) -> list[validate.Validator]:
    if column.minimum is None and column.maximum is None:
        return []
    return [validate.Range(column.minimum, column.maximum)]


def _date_messages(column: Column) -> dict[str, Any]:
    """Rendering understands ISO alone, whatever it writes for the vendor."""
    sent = "" if column.format == ISO else f", which is sent as {in_words(column.format)}"
    return {"invalid": f"Not a valid date; needed: yyyy-mm-dd{sent}."}


def _boolean_messages(column: Column) -> dict[str, Any]:
    return {"invalid": _literally(f"Not a valid boolean; allowed: {column.true}, {column.false}.")}


def _literally(message: str) -> str:
    """The message as marshmallow formats it into itself."""
    return message.replace("{", "{{").replace("}", "}}")


def _decimal_messages(column: Column) -> dict[str, Any]:
    if column.places is None:
        return {}
    return {"invalid": f"Not a valid number with at most {column.places} decimals."}
