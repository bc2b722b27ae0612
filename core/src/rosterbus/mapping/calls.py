"""Compiles one call of an allowed function, whose arguments are counted and checked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import repeat

from rosterbus.errors import ConfigError
from rosterbus.mapping.emitters import EMITTERS
from rosterbus.mapping.functions import FUNCTIONS, FunctionDoc, Parameter
from rosterbus.mapping.pieces import (
    Kind,
    Piece,
    as_text,
    computed,
    expect_condition,
    expect_date,
    expect_number,
)

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
_EXPECTED = {"number": expect_number, "date": expect_date, "condition": expect_condition}
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
    arguments = [_checked(doc, parameter, piece) for parameter, piece in matched]
    if name == "if_then_else":
        return EMITTERS[name](arguments)
    piece = EMITTERS[name](arguments) if name in EMITTERS else _as_it_is(doc, arguments)
    return piece.after(*arguments)


def _as_it_is(doc: FunctionDoc, arguments: Sequence[Piece]) -> Piece:
    """The engine's own function; only those that take numbers can overflow."""
    sql, kind = f"{doc.name}({', '.join(argument.sql for argument in arguments)})", _KINDS[doc.gives]
    if any(parameter.kind == "number" for parameter in doc.parameters):
        return computed(sql, kind, arguments)
    return Piece(sql, kind, sum(argument.growth for argument in arguments))


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


def _checked(doc: FunctionDoc, parameter: Parameter, piece: Piece) -> Piece:
    """The argument, made a text where its parameter takes texts."""
    if parameter.kind in _EXPECTED:
        _EXPECTED[parameter.kind](piece)
        return piece
    if parameter.kind == "constant" and not isinstance(piece.constant, str):
        wrong = f"`{parameter.name}` of `{doc.name}` is a text, written out in single quotes"
        raise ConfigError(wrong, allowed=doc.signature)
    if parameter.kind == "size":
        if not isinstance(piece.constant, int) or not 0 <= piece.constant <= LARGEST_SIZE:
            wrong = f"`{parameter.name}` of `{doc.name}` is a whole number, written out"
            raise ConfigError(wrong, allowed=f"0 to {LARGEST_SIZE}")
        return piece
    if parameter.kind == "any" and doc.gives == "any":
        return piece
    return replace(piece, sql=as_text(piece), kind="text")
