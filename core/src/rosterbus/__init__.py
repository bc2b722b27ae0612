"""rosterbus tells vendors who is enrolled.

The public names, each imported when it is first used:

- to run pipelines from Python: `run`
- to write a connector: `hookimpl`; `Layout` with `text`, `date`, `code`, `boolean`, `decimal`, `integer`, `email`,
  `words`; the answers `Address`, `Done`, `Handed`, `NotStarted`, `Partly`, `Unsure`
- everything else has its own module: `rosterbus.extracts`, `rosterbus.settings`, `rosterbus.findings`,
  `rosterbus.errors`
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rosterbus.api import run as run
    from rosterbus.deliveries import Address as Address
    from rosterbus.deliveries import Done as Done
    from rosterbus.deliveries import Handed as Handed
    from rosterbus.deliveries import NotStarted as NotStarted
    from rosterbus.deliveries import Partly as Partly
    from rosterbus.deliveries import Unsure as Unsure
    from rosterbus.hookspecs import hookimpl as hookimpl
    from rosterbus.layouts import Layout as Layout
    from rosterbus.layouts import boolean as boolean
    from rosterbus.layouts import code as code
    from rosterbus.layouts import date as date
    from rosterbus.layouts import decimal as decimal
    from rosterbus.layouts import email as email
    from rosterbus.layouts import integer as integer
    from rosterbus.layouts import text as text
    from rosterbus.layouts import words as words

_HOMES = {
    "run": "rosterbus.api",
    **dict.fromkeys(("Address", "Done", "Handed", "NotStarted", "Partly", "Unsure"), "rosterbus.deliveries"),
    "hookimpl": "rosterbus.hookspecs",
    **dict.fromkeys(
        ("Layout", "boolean", "code", "date", "decimal", "email", "integer", "text", "words"),
        "rosterbus.layouts",
    ),
}
__all__ = [
    "Address",
    "Done",
    "Handed",
    "Layout",
    "NotStarted",
    "Partly",
    "Unsure",
    "boolean",
    "code",
    "date",
    "decimal",
    "email",
    "hookimpl",
    "integer",
    "run",
    "text",
    "words",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
