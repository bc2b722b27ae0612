"""Made-up people: every one is a pure function of a seed and a number, so nobody has to be remembered."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

FIRST_NAMES = (
    "Ada", "Amara", "André", "Bao", "Beatriz", "Björn", "Chloë", "Chidi", "D'Andre", "Elena", "Emma",
    "Fatima", "François", "Grace", "Hana", "Ines", "Jack", "Jean-Luc", "José", "Kai", "Kwame", "Lena",
    "Liam", "Łukasz", "Maya", "Mia", "Mei", "Noah", "Nora", "Olivia", "Omar", "Priya", "Quinn", "Rosa",
    "Søren", "Sofía", "Tariq", "Uma", "Vera", "Wei", "Xóchitl", "Yara", "Zoë", "Zane",
)  # fmt: skip
LAST_NAMES = (
    "Abadi", "Alvarez", "Anderson", "Bauer", "Begay", "Brown", "Castañeda", "Chen", "Clark", "D'Angelo",
    "Dubois", "Evans", "Fernández", "Fischer", "García", "Gonçalves", "Haddad", "Hernández", "Ito",
    "Jackson", "Johansson", "Kim", "Kowalski", "Lee", "Lopez", "Martin", "Mbeki", "Müller", "Nakamura",
    "Nguyễn", "Núñez", "O'Brien", "O'Neill", "Okafor", "Patel", "Pérez", "Peterson", "Reed", "Rossi",
    "Saint-Clair", "Sánchez", "Silva", "Smith, Jr.", "Svoboda", "Taylor", "Tran", "van der Berg", "Walker",
    "Wang", "White", "Yilmaz", "Young", "Zamora",
)  # fmt: skip
MIDDLE_NAMES = ("", "", "", "Ann", "Lee", "Marie", "James", 'Robert "Bobby"', "María José", "Ray")
STREETS = ("Elm Street", "Oak Avenue", "Maple Drive", "2nd Street", "St. John's Road", "Calle Niño")
CITIES = (("Springfield", "IL", "01101"), ("Shelbyville", "IL", "00215"), ("Ogdenville", "IL", "62701"))
LANGUAGES = ("English", "English", "English", "Spanish", "Arabic", "Vietnamese", "Français")
MAJORS = (
    "Biology",
    "History",
    "Computer Science",
    "Nursing",
    "Mathematics",
    "Economics",
    "Music",
    "Philosophy",
)
COLLEGES = ("Arts and Sciences", "Engineering", "Health")
CAMPUSES = ("Main Campus", "North Campus")
LEVELS = {"09": "Freshman", "10": "Sophomore", "11": "Junior", "12": "Senior"}
SIBLINGS = (0, 1, 1, 2, 2, 2)
"""Of every six students one is an only child, two are a pair, three are siblings."""

WORD = (1 << 64) - 1


@dataclass(frozen=True)
class Name:
    """A person's name, and the plain letters that addresses are made of."""

    first: str
    middle: str
    last: str

    @property
    def plain(self) -> str:
        """Given and family name in lower-case letters, a dot between them."""
        return f"{_plain(self.first)}.{_plain(self.last)}"


def draw(seed: int, number: int, purpose: int) -> int:
    """64 bits that look random and are always the same (the finaliser of splitmix64)."""
    bits = (seed * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + purpose * 0x8CB92BA72F3D8DD7 + 1) & WORD
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & WORD
    return bits ^ (bits >> 31)


def family_of(student: int) -> int:
    """The family of a student; siblings have neighbouring numbers."""
    return student // len(SIBLINGS) * 3 + SIBLINGS[student % len(SIBLINGS)]


def children_of(family: int, students: int) -> list[int]:
    """The students of a family, of `students` in all."""
    first = family // 3 * len(SIBLINGS)
    return [one for one in range(first, min(first + len(SIBLINGS), students)) if family_of(one) == family]


def guardians_in(seed: int, family: int) -> int:
    """How many guardians a family has: one to three."""
    return 1 + draw(seed, family, 2) % 3


def student_name(seed: int, student: int) -> Name:
    """The name of a student, whose family name the siblings share."""
    bits = draw(seed, student, 1)
    return Name(
        FIRST_NAMES[bits % len(FIRST_NAMES)],
        MIDDLE_NAMES[(bits >> 16) % len(MIDDLE_NAMES)],
        LAST_NAMES[draw(seed, family_of(student), 3) % len(LAST_NAMES)],
    )


def adult_name(seed: int, number: int, last: str | None = None) -> Name:
    """The name of a guardian or of a member of staff."""
    bits = draw(seed, number, 4)
    return Name(FIRST_NAMES[bits % len(FIRST_NAMES)], "", last or LAST_NAMES[(bits >> 16) % len(LAST_NAMES)])


def family_address(seed: int, family: int) -> tuple[str, str, str, str]:
    """Street, city, state and postal code of a family; some streets have a second line."""
    bits = draw(seed, family, 5)
    city, state, code = CITIES[(bits >> 16) % len(CITIES)]
    street = f"{bits % 900 + 1} {STREETS[(bits >> 8) % len(STREETS)]}"
    return (f"{street}\nApt {bits % 40 + 1}" if family % 40 == 7 else street), city, state, code


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.replace("Ł", "L").replace("ø", "o"))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha()).lower()
