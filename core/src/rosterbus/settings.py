"""Settings of connectors: marshmallow schemas, which also feed `describe`, JSON Schema and the docs.

    class Settings(settings.Settings):
        host = settings.text("The server's name.", required=True)
        port = settings.number("The server's port.", default=22, least=1, most=65535)
        password = settings.secret("The password.")

Every function gives a marshmallow field; marshmallow's own fields may be used beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow
from marshmallow import fields, validate

from rosterbus.secrets import SecretReference


class Values(Mapping[str, Any]):
    """Loaded settings: read by attribute or by key, never changed, and printed without their values."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", dict(values))

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        msg = "settings are read only"
        raise AttributeError(msg)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Values({', '.join(sorted(self._values))})"


class Settings(marshmallow.Schema):
    """The base of every connector's settings: unknown keys are errors, the result is a `Values`."""

    class Meta:
        unknown = marshmallow.RAISE

    @marshmallow.post_load
    def _freeze(self, data: dict[str, Any], **_: Any) -> Values:
        return Values(data)


class SecretField(fields.Field[SecretReference]):
    """A reference to a secret; the secret itself is refused."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> SecretReference:
        try:
            return SecretReference.parse(value)
        except ValueError as error:
            raise marshmallow.ValidationError(str(error)) from error


def _common(about: str, default: Any, required: bool) -> dict[str, Any]:
    common: dict[str, Any] = {"metadata": {"about": about}, "required": required}
    if not required:
        common["load_default"] = default
        common["allow_none"] = default is None
    return common


def text(
    about: str,
    *,
    default: str | None = None,
    required: bool = False,
    choices: Sequence[str] = (),
    pattern: str = "",
    pattern_says: str = "",
) -> fields.String:
    """A text, free or one of `choices`; `pattern_says` is the message of `pattern`, and says what is allowed."""
    rules: list[Any] = [validate.OneOf(choices)] if choices else []
    # marshmallow formats its messages, and a brace is only a brace here.
    says = pattern_says.replace("{", "{{").replace("}", "}}")
    rules += [validate.Regexp(pattern, error=says or None)] if pattern else []
    return fields.String(validate=rules, **_common(about, default, required))


def flag(about: str, *, default: bool = False) -> fields.Boolean:
    """true or false, as TOML writes them."""
    return fields.Boolean(truthy={True}, falsy={False}, **_common(about, default, required=False))


def number(
    about: str,
    *,
    default: float | None = None,
    required: bool = False,
    least: float | None = None,
    most: float | None = None,
) -> fields.Float | fields.Integer:
    """A number; whole if its default is whole."""
    whole = isinstance(default, int) or default is None
    rules = [validate.Range(min=least, max=most)]
    if whole:
        return fields.Integer(strict=True, validate=rules, **_common(about, default, required))
    return fields.Float(validate=rules, **_common(about, default, required))


def secret(about: str, *, required: bool = False) -> SecretField:
    """A reference to a secret: ``{ env = "X" }``, ``{ file = "..." }`` or ``{ keyring = "service/user" }``."""
    return SecretField(**_common(about, None, required))


def group(schema: type[Settings], about: str, *, required: bool = False) -> fields.Nested:
    """A table of settings within the settings."""
    return fields.Nested(schema, **_common(about, None, required))


def texts(about: str, *, default: Sequence[str] = ()) -> fields.List[str]:
    """A list of texts."""
    return fields.List(fields.String(), **_common(about, list(default), required=False))


class TableField(fields.Dict):
    """A free table; references to secrets within it are known by their shape."""


def table(about: str) -> TableField:
    """A free table of text keys and any values."""
    return TableField(keys=fields.String(), metadata={"about": about}, load_default=dict)
