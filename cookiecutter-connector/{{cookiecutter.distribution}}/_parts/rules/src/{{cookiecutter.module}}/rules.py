"""{{ cookiecutter.system }}'s own rules: what no vendor asks for, and all of them get."""

from __future__ import annotations

from collections.abc import Sequence

from rosterbus import settings
from rosterbus.engine import literal, quoted
from rosterbus.findings import Finding, Rule, RuleDoc
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import LayoutSpec
from rosterbus.layouts.sources import Direct
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values

ASSUMED = "TODO: assumed by the template; say who decided it, and where that is written"
MANY_NEW = RuleDoc(
    "many new at once",
    "not more than `most_new` people of a vendor are new in one plan",
    "hold",
    ASSUMED,
    "see who is new: rosterbus diff PLAN",
)
RULES = (MANY_NEW,)


class Settings(settings.Settings):
    """What a pipeline writes below `[rules.{{ cookiecutter.name }}]`."""

    domain = settings.text("What students' e-mail addresses end with, such as example.org.", default="")
    most_new = settings.number("How many people may be new in one plan.", default=500, least=1)


@hookimpl
def validate(layout: LayoutSpec, settings: Values) -> Sequence[Rule]:
    """Reject students whose e-mail address is somebody else's; asked once for each layout of each vendor."""
    if layout.rows != "students" or not settings.domain:
        return []
    end = literal(f"@{settings.domain.lower()}")
    return [
        Rule(
            f"{quoted(column.name)} = '' OR ends_with(lower({quoted(column.name)}), {end})",
            (column.name,),
            f"The address is none of {settings.domain}.",
            ASSUMED,
        )
        for column in layout.columns
        if column.source == Direct("email")
    ]


@hookimpl
def judge(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """Hold a plan that tells a vendor of more new people than a night brings."""
    return [
        MANY_NEW.finding(f"{view.counts.new:,} people are new", layout=name, count=view.counts.new)
        for name, view in plan.layouts.items()
        if view.has_baseline and view.counts.new > settings.most_new
    ]
