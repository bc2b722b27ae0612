"""Compiles one call of an allowed function, whose arguments are counted and checked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import repeat

from rosterbus.errors import ConfigError
from rosterbus.mapping.emitters import EMITTERS
from rosterbus.mapping.functions import FUNCTIONS, FunctionDoc, Parameter
from rosterbus.mapping.pieces import Kind, Piece, as_text, expect_condition, expect_date, expect_number

LARGEST_SIZE = 1000
CLOCK = frozenset(
    {
        "current_date",
        "current_time",
        "current_timestamp",
        "get_current_timestamp",
        "localtime",
        "localtimestamp",
        "now",
        "transaction_timestamp",
    }
)
_KINDS: dict[str, Kind] = {"text": "text", "number": "number", "condition": "condition"}


def compile_call(name: str, pieces: Sequence[Piece]) -> Piece:
    """The call of function `name`. Raises ConfigError for an unknown function and for wrong arguments."""
    if name.lower() in CLOCK:
        raise ConfigError("the day of the run is written today()", found=name)
    if name not in FUNCTIONS:
        near = get_close_matches(name.lower(), FUNCTIONS, n=3)
        raise ConfigError(
            "this function cannot be used in a mapping", found=name, allowed=near or sorted(FUNCTIONS)
        )
    doc = FUNCTIONS[name]
    matched = zip(_parameters(doc, len(pieces)), pieces, strict=True)
    arguments = [replace(piece, sql=_checked(doc, parameter, piece)) for parameter, piece in matched]
    if name in EMITTERS:
        return EMITTERS[name](arguments)
    sql = f"{name}({', '.join(argument.sql for argument in arguments)})"
    return Piece(sql, _KINDS[doc.gives], sum(argument.growth for argument in arguments))


def _parameters(doc: FunctionDoc, count: int) -> list[Parameter]:
    parameters = list(doc.parameters)
    if parameters and parameters[-1].repeated:
        parameters += repeat(parameters[-1], count - len(parameters))
    required = sum(not parameter.optional for parameter in doc.parameters)
    if not required <= count <= len(parameters):
        raise ConfigError(
            f"`{doc.name}` takes another number of values", found=str(count), allowed=doc.signature
        )
    return parameters[:count]


def _checked(doc: FunctionDoc, parameter: Parameter, piece: Piece) -> str:
    """SQL of the argument as its parameter wants it."""
    if parameter.kind == "number":
        return expect_number(piece)
    if parameter.kind == "date":
        return expect_date(piece)
    if parameter.kind == "condition":
        return expect_condition(piece)
    if parameter.kind == "constant" and not isinstance(piece.constant, str):
        wrong = f"`{parameter.name}` of `{doc.name}` is a text, written out in single quotes"
        raise ConfigError(wrong, allowed=doc.signature)
    if parameter.kind == "size":
        if not isinstance(piece.constant, int) or not 0 <= piece.constant <= LARGEST_SIZE:
            wrong = f"`{parameter.name}` of `{doc.name}` is a whole number, written out"
            raise ConfigError(wrong, allowed=f"0 to {LARGEST_SIZE}")
        return piece.sql
    return piece.sql if parameter.kind == "any" and doc.gives == "any" else as_text(piece)
