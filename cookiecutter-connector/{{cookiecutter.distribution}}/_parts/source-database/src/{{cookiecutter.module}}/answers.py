"""What {{ cookiecutter.system }}'s twin answers, and how each of it is known."""

from __future__ import annotations

from rosterbus.deliveries import TwinAnswer

from {{ cookiecutter.module }}.tables import ASSUMED

ANSWERS = (
    TwinAnswer("the names of tables and columns", "assumed", ASSUMED),
    TwinAnswer("one transaction sees one moment, whatever others write meanwhile", "assumed", ASSUMED),
)
