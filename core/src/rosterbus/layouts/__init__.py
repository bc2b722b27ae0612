"""Layouts: what a vendor takes, declared as the vendor's own table, and the law on every cell."""

from rosterbus.layouts.columns import Column
from rosterbus.layouts.declarations import boolean, code, date, decimal, email, integer, text, words
from rosterbus.layouts.description import describe
from rosterbus.layouts.layout import Layout, as_spec, as_specs
from rosterbus.layouts.sources import Direct, Keyed, Match, Skip, Source, Transform, Unmatched
from rosterbus.layouts.spec import Dialect, LayoutSpec, Limits

__all__ = [
    "Column",
    "Dialect",
    "Direct",
    "Keyed",
    "Layout",
    "LayoutSpec",
    "Limits",
    "Match",
    "Skip",
    "Source",
    "Transform",
    "Unmatched",
    "as_spec",
    "as_specs",
    "boolean",
    "code",
    "date",
    "decimal",
    "describe",
    "email",
    "integer",
    "text",
    "words",
]
