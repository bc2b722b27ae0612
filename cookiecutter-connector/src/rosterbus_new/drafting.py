"""The text of a layout, drafted from a vendor's header: each column with a guessed source and what is to be checked."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rosterbus.roster.vocabulary import RosterColumn

from rosterbus_new.guessing import ROWS, guess_date, guess_source, guess_words, looks_like_dates
from rosterbus_new.vendor_files import VendorColumn, VendorFile

WIDTH = 110
KINDS = ("boolean", "date", "decimal", "email", "text", "words")
KIND_OF = {"boolean": "boolean", "date": "date", "decimal": "decimal", "list": "words"}
"""The kind of a column by the type of the roster column that feeds it; all others are texts."""
KEYS = ("student_id", "student_number", "state_id", "username", "email")
"""Roster columns that tell students apart, the best first."""
NAMES = ("last_name", "first_name", "preferred_first_name", "middle_name")
"""Roster columns by one of which the conformance suite follows a person."""
UNLIKE = "nothing in the roster is like it; say what feeds it, or leave it blank"
KEYLESS = "nothing tells students apart; student_id stands here until you know what does"
NAMELESS = "the conformance suite follows a person by name; say what the vendor takes here"
NO_GUESS = {UNLIKE, KEYLESS, NAMELESS}


@dataclass(frozen=True)
class Draft:
    """One column: `source` is the roster column, blank for none; `form` more arguments; `checks` what to look at."""

    header: str
    attribute: str
    kind: str
    source: str
    form: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class DraftedLayout:
    """The text of `files.py`, the roster column that the suite changes, and how many columns have no source."""

    text: str
    changing: str
    columns: int
    unlike: int


def draft_layout(vendor: VendorFile, *, system: str) -> DraftedLayout:
    """Draft the module of layouts: it passes the conformance suite as it is, whatever the header says."""
    key, drafts = _keyed(_drafts(vendor.columns))
    changing, drafts = _changing(key, drafts)
    lines = [*_head(vendor, system, drafts), *_class(vendor, key, drafts), "", "", "layouts = (Students,)"]
    return DraftedLayout(
        "\n".join(lines), changing, len(drafts), sum(bool(NO_GUESS & {*one.checks}) for one in drafts)
    )


def _drafts(columns: Sequence[VendorColumn]) -> list[Draft]:
    attributes: list[str] = []
    for column in columns:
        attributes.append(_attribute(column.header, attributes))
    return [_draft(column, attribute) for column, attribute in zip(columns, attributes, strict=True)]


def _attribute(header: str, taken: Sequence[str]) -> str:
    """A name in Python that hides none of the words that columns are written in."""
    plain = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"\W+", "_", plain).strip("_").lower() or "column"
    name = f"column_{name}" if name[0].isdigit() else name
    name = f"{name}_" if keyword.iskeyword(name) or name in KINDS else name
    same = sum(1 for other in taken if other == name or other.removeprefix(f"{name}_").isdigit())
    return f"{name}_{same + 1}" if same else name


def _draft(column: VendorColumn, attribute: str) -> Draft:
    guess = guess_source(column.header)
    if guess.column is None:
        form, checks = _form("date", column) if looks_like_dates(column) else ((), ())
        return Draft(column.header, attribute, "date" if form else "text", "", form, (UNLIKE, *checks))
    kind = _kind(guess.column)
    form, checks = _form(kind, column)
    unsure = () if guess.sure else (f"{guess.column.name} is guessed from a name that is like it",)
    coded = guess.column.codes
    codes = (f"the roster's codes ({coded}) are sent as they are; map them",) if coded else ()
    return Draft(column.header, attribute, kind, guess.column.name, form, (*unsure, *codes, *checks))


def _kind(source: RosterColumn) -> str:
    return "email" if source.name.endswith("email") else KIND_OF.get(source.type, "text")


def _form(kind: str, column: VendorColumn) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """More arguments of a kind, and what is to be checked about them."""
    if kind == "date":
        pattern, proved = guess_date(column)
        return (f'format="{pattern}"',), () if proved else ("how a day is written is assumed",)
    if kind == "boolean":
        true, false, proved = guess_words(column.samples)
        said = () if proved else ("the words for yes and no are assumed",)
        return (f"true={_quoted(true)}", f"false={_quoted(false)}"), said
    if kind == "words":
        return (), ("what separates several words is assumed",)
    return (), ()


def _keyed(drafts: Sequence[Draft]) -> tuple[Draft, list[Draft]]:
    """The column that is the key, and all of them: the first one where none tells students apart."""
    sources = [draft.source for draft in drafts]
    place = next((sources.index(name) for name in KEYS if name in sources), None)
    if place is None:
        key = Draft(drafts[0].header, drafts[0].attribute, "text", "student_id", checks=(KEYLESS,))
    else:
        key = replace(drafts[place], kind="text")
    key = replace(key, form=("required=True",))
    return key, [key if draft.attribute == key.attribute else draft for draft in drafts]


def _changing(key: Draft, drafts: list[Draft]) -> tuple[str, list[Draft]]:
    """The name that the suite changes and follows, and all drafts: one becomes a name where there is none."""
    found = next((draft.source for draft in drafts if draft.source in NAMES), None)
    if found:
        return found, drafts
    others = [draft for draft in drafts if draft is not key]
    other = next((draft for draft in others if not draft.source), others[0])
    made = replace(other, kind="text", source=NAMES[0], form=(), checks=(NAMELESS,))
    return NAMES[0], [made if draft is other else draft for draft in drafts]


def _head(vendor: VendorFile, system: str, drafts: Sequence[Draft]) -> Iterator[str]:
    words = ["Layout", *sorted({draft.kind for draft in drafts})]
    words = ["Dialect", *words] if _dialect(vendor) else words
    yield f'"""The file that {system} takes, column by column, drafted from its header: every source is a guess."""'
    yield ""
    yield "from __future__ import annotations"
    yield ""
    yield f"from rosterbus.layouts import {', '.join(words)}"
    yield ""
    yield 'ASSUMED = "TODO: assumed by the template; name the page that says it"'
    yield ""
    yield ""


def _class(vendor: VendorFile, key: Draft, drafts: Sequence[Draft]) -> Iterator[str]:
    yield f"# TODO: each row is one of {ROWS}; see that the vendor means that, and that nothing else is required."
    options = [
        f"file={_quoted(vendor.name)}",
        f'rows="{ROWS}"',
        f"key={_quoted(key.header)}",
        *_dialect(vendor),
    ]
    yield from _folded("class Students(", ["Layout", *options, "source=ASSUMED"], "):", indent="")
    for draft in drafts:
        yield from (f"    # TODO: {check}" for check in draft.checks)
        direct = [f'direct="{draft.source}"'] if draft.source else []
        arguments = [_quoted(draft.header), *direct, *draft.form]
        yield from _folded(f"{draft.attribute} = {draft.kind}(", arguments, ")", indent="    ")


def _dialect(vendor: VendorFile) -> list[str]:
    """How the file is written, where it is not as most are."""
    said = [] if vendor.delimiter == "," else [f"delimiter={_quoted(vendor.delimiter)}"]
    said += [] if vendor.encoding == "utf-8" else [f"encoding={_quoted(vendor.encoding)}"]
    said += ["bom=True"] if vendor.bom else []
    return [f"dialect=Dialect({', '.join(said)})"] if said else []


def _folded(before: str, arguments: Sequence[str], after: str, *, indent: str) -> Iterator[str]:
    """A call as the formatter folds it."""
    joined = ", ".join(arguments)
    if len(indent + before + joined + after) <= WIDTH:
        yield indent + before + joined + after
        return
    yield indent + before
    if len(indent + joined) + 4 <= WIDTH:
        yield f"{indent}    {joined}"
    else:
        yield from (f"{indent}    {argument}," for argument in arguments)
    yield indent + after


def _quoted(text: str) -> str:
    """A text in Python, in the quotes that the formatter takes."""
    return f"'{text}'" if '"' in text and not {"'", "\\"} & {*text} else json.dumps(text, ensure_ascii=False)
