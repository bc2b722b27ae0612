"""What rules say: a problem is about one cell or row, a finding about a whole table or plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

Severity = Literal["refuse", "hold", "not due", "warn", "pass"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one cell, or with one row where `column` is empty. No sentence of it holds the cell's value.

    `row` is the row in `file`, the header being row 1; `key` identifies the person for the report, which is
    private; `kind` is a short stable code such as ``too-many-columns`` or ``invalid``.
    """

    file: str
    row: int
    column: str
    message: str
    kind: str = "invalid"
    key: str = ""
    layout: str = ""
    value: str | None = field(default=None, repr=False)
    """The cell's text, only where a person asked for values in a report."""


@dataclass(frozen=True)
class Finding:
    """What a rule says of a plan or of an extract.

    `numbers` are what the rule counted, by name; `source` is where the rule comes from (a page, an article, or
    ``rosterbus``); `until` is set for ``not due``: the first moment at which it is due. `cause`, `if_nothing`,
    `if_wrong` and `if_right` explain a hold: what probably happened, and what each decision leads to.
    """

    severity: Severity
    rule: str
    sentence: str
    source: str = "rosterbus"
    layout: str = ""
    school: str = ""
    cause: str = ""
    if_nothing: str = ""
    if_wrong: str = ""
    if_right: str = ""
    until: datetime | None = None
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A predicate over the rendered columns of one layout; a row for which it is not true is rejected.

    `predicate` is SQL over the vendor's column names (double-quoted), where every column is text and a blank is
    the empty text. `columns` are the ones it speaks of: the first one is named in the problem.
    """

    predicate: str
    columns: tuple[str, ...]
    sentence: str
    source: str
    severity: Literal["reject", "warn"] = "reject"


class Explained(TypedDict, total=False):
    """What a finding may tell beside the sentence; see `Finding`."""

    layout: str
    school: str
    cause: str
    if_nothing: str
    if_wrong: str
    if_right: str
    until: datetime
    numbers: dict[str, Any]


@dataclass(frozen=True)
class RuleDoc:
    """One of a connector's own rules of a whole plan, for `describe` and the docs.

    A connector module lists those that its `judge` applies in a tuple `RULES`. `name` is the `rule` of the findings it
    gives, `severity` how grave they are, `sentence` what it forbids with the vendor's numbers, `source` the page,
    `remedy` what a person does about a plan that breaks it.
    """

    name: str
    sentence: str
    severity: Severity
    source: str
    remedy: str = ""

    def finding(
        self,
        sentence: str = "",
        *,
        severity: Severity | None = None,
        count: int | None = None,
        **explained: Unpack[Explained],
    ) -> Finding:
        """What the rule says of a plan that breaks it, in its own sentence unless another is given.

        `count` is how many rows do; `severity` is another than the rule's own where a setting makes it so.
        """
        told = Finding(severity or self.severity, self.name, sentence or self.sentence, self.source)
        stops = told.severity in ("refuse", "hold")
        usual = replace(
            told,
            if_nothing="nothing of this plan is sent, and the vendor keeps what it has" if stops else "",
            if_wrong=self.remedy,
            numbers={} if count is None else {"count": count},
        )
        return replace(usual, **explained)
