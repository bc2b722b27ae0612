"""Walks the syntax tree of a mapping and writes it anew: what is not understood cannot come out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from difflib import get_close_matches

from rosterbus.errors import ConfigError
from rosterbus.mapping import operators
from rosterbus.mapping.calls import CLOCK, compile_call
from rosterbus.mapping.functions import FUNCTIONS
from rosterbus.mapping.pieces import Piece, choose, quoted_name, quoted_text
from rosterbus.mapping.syntax import Node, prove

DEEPEST = 80
LONGEST_SQL = 40_000
LARGEST_GROWTH = 1000

_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
_ONE_ROW = "a mapping computes one value from the columns of one row"
_REFUSED = {
    "COLLATE": "the order of letters cannot be chosen in a mapping",
    "DEFAULT": _ONE_ROW,
    "LAMBDA": "a mapping has no functions of its own",
    "PARAMETER": "a mapping has no parameters",
    "POSITIONAL_REFERENCE": "a mapping names its columns, never counts them",
    "STAR": "a mapping names its columns, never all of them",
    "SUBQUERY": "a mapping cannot look into other rows or tables",
    "WINDOW": "a mapping cannot look into other rows or tables",
}
_PLAIN_CALL = {
    "schema": "",
    "catalog": "",
    "distinct": False,
    "filter": None,
    "export_state": False,
    "order_bys": {"type": "ORDER_MODIFIER", "orders": []},
}


class Renderer:
    """Renders one tree; afterwards its sets say what it reads and calls, and which calls may fail a cell."""

    def __init__(self, columns: Collection[str]) -> None:
        self._columns = columns
        self._depth = 0
        self.columns_read: set[str] = set()
        self.functions: set[str] = set()
        self.strict: set[str] = set()
        self.uses_clock = False
        self._renderers: dict[str, Callable[[Node], Piece]] = {
            "BETWEEN": self._between,
            "CASE": self._case,
            "CAST": self._cast,
            "COLUMN_REF": self._column,
            "COMPARISON": self._comparison,
            "CONJUNCTION": self._conjunction,
            "CONSTANT": self._constant,
            "FUNCTION": self._function,
            "OPERATOR": self._operator,
        }

    def render(self, node: Node) -> Piece:
        """The node as a piece of SQL. Raises ConfigError for whatever a mapping may not hold."""
        renderer = self._renderers.get(node["class"])
        if renderer is None or node.get("alias"):
            raise ConfigError(_REFUSED.get(node["class"], _ONE_ROW), found=node["type"])
        if self._depth >= DEEPEST:
            raise ConfigError("the expression is nested too deeply", allowed=f"{DEEPEST} levels")
        self._depth += 1
        piece = renderer(node)
        self._depth -= 1
        if piece.growth > LARGEST_GROWTH or len(piece.sql) + len(piece.fails) > LONGEST_SQL:
            raise ConfigError(
                "the expression could make far too long a text; use fewer replacements in each other"
            )
        return piece

    def _all(self, nodes: Sequence[Node]) -> list[Piece]:
        return [self.render(node) for node in nodes]

    def _column(self, node: Node) -> Piece:
        name = ".".join(node["column_names"])
        if name not in self._columns:
            raise self._unknown_column(name)
        self.columns_read.add(name)
        return Piece(quoted_name(name), "text")

    def _unknown_column(self, name: str) -> ConfigError:
        if name.lower() in CLOCK:
            return ConfigError("the day of the run is written today()", found=name)
        if name.rpartition(".")[2] in self._columns:
            return ConfigError(
                "a column is written without its table", found=name, allowed=name.rpartition(".")[2]
            )
        near = get_close_matches(name, self._columns, n=3)
        wrong = "there is no such column; text goes in single quotes"
        return ConfigError(wrong, found=name, allowed=near or sorted(self._columns))

    def _constant(self, node: Node) -> Piece:
        kind, text = node["literal"]["kind"], node["literal"]["text"]
        if kind == "STRING":
            return Piece(quoted_text(text), "text", constant=text)
        if kind == "NULL_LITERAL":
            return Piece("NULL", "null")
        if kind == "BOOLEAN":
            return Piece(text.lower(), "condition")
        if kind not in ("INTEGER", "NUMERIC") or not _NUMBER.fullmatch(text):
            raise ConfigError("a number is written in digits, at most 18 of them", found=text)
        return Piece(f"({text})", "number", constant=int(text) if kind == "INTEGER" else None)

    def _function(self, node: Node) -> Piece:
        name = node["function_name"]
        named = any(argument["name"] for argument in node["arguments"])
        if any(node[key] != plain for key, plain in _PLAIN_CALL.items()) or node["qualified_name"][
            "path"
        ] != [name]:
            raise ConfigError(
                "a function is called by its name alone, with values in parentheses", found=name
            )
        if named:
            raise ConfigError("the values of a function are given in order, without names", found=name)
        pieces = self._all([argument["expression"] for argument in node["arguments"]])
        if node["is_operator"]:
            return operators.compute(name, pieces)
        return self._call(name, pieces)

    def _call(self, name: str, pieces: Sequence[Piece]) -> Piece:
        piece = compile_call(name, pieces)
        self.functions.add(name)
        if FUNCTIONS[name].strict:
            self.strict.add(name)
        self.uses_clock |= name == "today" or (name == "school_year" and len(pieces) < 2)
        return piece

    def _case(self, node: Node) -> Piece:
        checks = node["case_checks"]
        choices = [(self.render(check["when_expr"]), self.render(check["then_expr"])) for check in checks]
        return choose(choices, self.render(node["else_expr"]))

    def _conjunction(self, node: Node) -> Piece:
        word = {"CONJUNCTION_AND": "AND", "CONJUNCTION_OR": "OR"}[node["type"]]
        return operators.connect(word, self._all(node["children"]))

    def _comparison(self, node: Node) -> Piece:
        return operators.compare(node["type"], self.render(node["left"]), self.render(node["right"]))

    def _between(self, node: Node) -> Piece:
        return operators.between(*self._all([node["input"], node["lower"], node["upper"]]))

    def _operator(self, node: Node) -> Piece:
        if node["type"] == "OPERATOR_COALESCE":
            return self._call("coalesce", self._all(node["children"]))
        return operators.apply(node["type"], self._all(node["children"]))

    def _cast(self, node: Node) -> Piece:
        target = node["type_expr"]
        modifiers = [
            self.render(child).constant for child in target["children"] if child["class"] == "CONSTANT"
        ]
        if len(modifiers) < len(target["children"]) or len(target["qualified_name"]["path"]) > 1:
            raise ConfigError(
                "a value cannot be cast to this", found=target["type_name"], allowed=operators.CAST_TYPES
            )
        child = self.render(node["child"])
        piece = operators.cast(child, target["type_name"].upper(), modifiers, lenient=node["try_cast"])
        if piece.fails == child.fails:
            return piece
        if child.constant is None:
            self.strict.add("CAST")
            return piece
        if prove(f"{piece.sql} IS NULL"):
            raise ConfigError("this cannot be read as what it is cast to", found=str(child.constant))
        return replace(piece, fails="")
