"""What {{ cookiecutter.system }}'s twin answers, and how each of it is known."""

from __future__ import annotations

from rosterbus.deliveries import TwinAnswer

from {{ cookiecutter.module }}.tables import ASSUMED

ANSWERS = (
    TwinAnswer("another token is answered by 401", "assumed", ASSUMED),
    TwinAnswer("a page may have fewer rows than were asked for", "assumed", ASSUMED),
    TwinAnswer("every page tells the revision, and how many rows there are", "assumed", ASSUMED),
    TwinAnswer("what is gone comes once more, as deleted, among changes", "assumed", ASSUMED),
    TwinAnswer("changes since a revision that is forgotten are answered by 410", "assumed", ASSUMED),
)
