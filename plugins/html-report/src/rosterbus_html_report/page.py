"""The page of a run: everything in one text that loads nothing and sends nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from rosterbus.reports import Run

from rosterbus_html_report import charts, story, wording
from rosterbus_html_report.problems import embedded, survey

_LINK = re.compile(r"https?://[^\s\"<>]+")


def pieces(run: Run) -> Iterator[str]:
    """The page, piece by piece; the problems are walked once before the first piece, and are never kept.

    Raises ConfigError, before any piece, where they can no longer be read.
    """
    parts = survey(run)
    told = story.cards(run, parts)
    style, script = _asset("page.css"), _asset("page.js")
    stream = (
        _environment()
        .get_template("page.html")
        .stream(
            run=run,
            cards=told,
            parts=parts,
            outcome=list(story.outcome_sentences(told, parts)),
            problems=embedded(parts, values=run.values),
            policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
            "base-uri 'none'; form-action 'none'",
            style=style,
            script=script,
            moment=partial(wording.moment, zone=run.started.tzinfo),
        )
    )
    stream.enable_buffering(64)
    return iter(stream)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number,
        "counted": wording.counted,
        "size": wording.size,
        "facts": wording.facts,
        "prose": wording.prose,
        "folder_link": lambda path: Path(path).as_uri() if Path(path).is_absolute() else "",
        "instant": datetime.fromisoformat,
    }
    environment.globals |= {
        "charts": charts,
        "severities": story.SEVERITIES,
        "is_link": lambda text: _LINK.fullmatch(text) is not None,
    }
    return environment


def _finalized(told: Any) -> Any:
    """What a template writes: texts with their marks made visible, and no formula; markup as it is."""
    return wording.harmless(told) if isinstance(told, str) and not isinstance(told, Markup) else told


def _asset(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
