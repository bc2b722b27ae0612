"""Numbers, moments and texts as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from markupsafe import Markup, escape

_NAMED = re.compile(r"`([^`]+)`")
# What a browser would not show, or what would turn the text around it: shown instead of obeyed.
_SHOWN: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"},
    0x7F: 0x2421,
    **{
        code: f"[U+{code:04X}]"
        for code in (*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    },
}
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""What a text may not begin with; a spreadsheet set to an East Asian language reads the wide forms as well."""
_GRADES = {
    "IT": "Infant or toddler",
    "PR": "Preschool",
    "PK": "Prekindergarten",
    "TK": "Transitional kindergarten",
    "KG": "Kindergarten",
    **{f"{grade:02}": f"Grade {grade}" for grade in range(1, 14)},
    "PS": "Postsecondary",
    "UG": "Ungraded",
    "Other": "Other",
}
GRADES = tuple(_GRADES)
"""The CEDS codes, from the youngest on."""


def visible(text: str) -> str:
    """The text with its control characters and marks of direction made visible."""
    return text.translate(_SHOWN)


def harmless(text: str) -> str:
    """The text as it may stand in a cell of a table that somebody copies into a spreadsheet: no formula."""
    shown = visible(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def prose(sentence: str) -> Markup:
    """A sentence in which what stands in backticks is a name."""
    return Markup().join(
        Markup("<code>{}</code>").format(visible(piece)) if place % 2 else escape(visible(piece))
        for place, piece in enumerate(_NAMED.split(sentence))
    )


def number(count: float) -> str:
    """A count with its thousands apart; a share between 0 and 1 in percent."""
    return f"{count:.0%}" if isinstance(count, float) and 0 <= count <= 1 else f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def size(count: int) -> str:
    """Bytes as a person reads them."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def moment(when: datetime, zone: tzinfo | None) -> str:
    """Date and time in a time zone."""
    there = when.astimezone(zone)
    return f"{there.day} {there:%B %Y, %H:%M}"


def grade_name(code: str) -> str:
    """What a CEDS code of a grade means."""
    return _GRADES.get(code, code) or "No grade"


def facts(evidence: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Nested facts as one list; a name says the way to its text."""
    for name, one in evidence.items():
        label = str(name).replace("_", " ")
        if isinstance(one, Mapping):
            yield from ((f"{label} {below}", text) for below, text in facts(one))
        elif isinstance(one, list | tuple):
            yield from (
                (f"{label} {below}", text)
                for below, text in facts({str(place): part for place, part in enumerate(one, 1)})
            )
        elif one not in ("", None):
            yield label, _plain(one)


def _plain(one: object) -> str:
    if isinstance(one, bool):
        return "yes" if one else "no"
    return f"{one:,}" if isinstance(one, int) else str(one)
