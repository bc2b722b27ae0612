"""What decides how a made-up district looks: its size, its year, its schools, and everybody's identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rosterbus_oneroster.synthetic.flaws import FlawPlan
from rosterbus_oneroster.synthetic.persons import draw

GRADES = ("KG", *(f"{number:02}" for number in range(1, 13)))
STAGES = (GRADES[:6], GRADES[6:9], GRADES[9:])
CLASS_SIZE = 25
LEAVER_EVERY = 211


@dataclass(frozen=True)
class Blueprint:
    """All that decides what a district looks like."""

    schools: int
    students: int
    seed: int
    flaws: FlawPlan
    as_of: date
    without: frozenset[int]

    @property
    def year(self) -> int:
        """The year in which the school year ends."""
        return self.as_of.year + (self.as_of.month >= 7)

    @property
    def sections(self) -> int:
        """How many classes each school has in each subject."""
        return max(1, self.students // self.schools // CLASS_SIZE)

    def numbers(self) -> Iterator[int]:
        """The numbers of the students who are there."""
        return (number for number in range(self.students) if number not in self.without)

    def stage(self, school: int) -> int:
        """Elementary, middle or high; two of five schools are high schools."""
        return (0, 1, 2, 0, 2)[school % 5] if self.schools > 1 else 2

    def grade(self, student: int) -> str:
        """The grade of a student, of those that the school has."""
        grades = STAGES[self.stage(student % self.schools)]
        return grades[draw(self.seed, student, 6) % len(grades)]

    def is_leaver(self, student: int) -> bool:
        """Whether a student is marked `tobedeleted`."""
        return student % LEAVER_EVERY == LEAVER_EVERY - 1


def student_id(student: int) -> str:
    """The sourcedId of a student."""
    return f"S{student + 1:07}"


def school_id(school: int) -> str:
    """The sourcedId of a school."""
    return f"ORG{school + 1:04}"


def class_id(school: int, place: int, section: int) -> str:
    """The sourcedId of a class in the subject that stands at `place`."""
    return f"C{school + 1:04}{place}{section + 1:04}"


def teacher_id(school: int, section: int) -> str:
    """The sourcedId of a teacher, who has one class in every subject."""
    return f"T{school + 1:04}{section + 1:04}"
