"""What is wrong on purpose in a made-up district, each kind so often and at rows that are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rosterbus_oneroster.synthetic.persons import draw

Row = dict[str, str]

KINDS = (
    "bad e-mail",
    "digit in a name",
    "grade point average out of range",
    "impossible birth date",
    "birth date written otherwise",
    "unknown grade",
    "repeated username",
    "missing first name",
    "unknown class level",
    "dangling agent",
    "unknown school",
    "missing id",
    "too many columns",
    "too few columns",
    "blank line",
    "undecodable name",
    "repeated id",
    "dangling enrollment",
)
"""The kinds of flaws, planted in turn."""


@dataclass(frozen=True)
class Flaw:
    """One flaw: its kind, and where it stands (header = row 1)."""

    kind: str
    file: str
    row: int


@dataclass(frozen=True)
class FlawPlan:
    """Which students are flawed, and how: spread evenly, the kinds in turn. `share` is of all students."""

    seed: int
    share: float

    def kind(self, student: int) -> str:
        """The flaw of a student, blank for nearly all."""
        before, after = int(student * self.share), int((student + 1) * self.share)
        return KINDS[(before + draw(self.seed, 0, 9)) % len(KINDS)] if after > before else ""


SPOIL: Mapping[str, Callable[[Row], None]] = {
    "bad e-mail": lambda row: row.update(email=row["email"].replace("@", " at ")),
    "digit in a name": lambda row: row.update(givenName=f"{row['givenName']}2"),
    "grade point average out of range": lambda row: row.update({"metadata.cumulative_gpa": "5.2"}),
    "unknown grade": lambda row: row.update(grades="14X"),
    "missing first name": lambda row: row.update(givenName=""),
    "unknown class level": lambda row: row.update({"metadata.class_level": "Super Senior"}),
    "dangling agent": lambda row: row.update(agentSourcedIds="GNOBODY"),
    "unknown school": lambda row: row.update(orgSourcedIds="ORGNOWHERE"),
    "missing id": lambda row: row.update(sourcedId=""),
    # half of a surrogate pair is what a byte that is no UTF-8 becomes on the way to the file
    "undecodable name": lambda row: row.update(familyName="P\udce9rez"),
}
"""What a kind does to a student's row of users.csv; the other kinds are planted where they belong."""
