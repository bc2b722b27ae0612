"""What is asked about a new connector, and which answers are allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rosterbus.errors import ConfigError
from rosterbus.plugins import installed

KINDS = ("destination", "source", "both", "report", "rules")
TRANSPORTS = ("sftp", "s3", "https", "folder", "database")
WITHOUT_TRANSPORT = ("report", "rules")
LONGEST = 40
WELL_KNOWN = (
    "certify", "demo", "enroll", "great-minds", "handshake", "html-report", "market", "new", "oneroster", "s3",
    "samegoal", "scilearn", "sftp", "sync-report", "testing", "village", "xlsx-report",
)  # fmt: skip
"""The names of rosterbus's own distributions and of what the conformance suite brings: taken, installed or not."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORDS = re.compile(r"[\w .,&'()+/-]+")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)

Answers = Mapping[str, str]
"""An answer to each question that was to be asked, by key."""


@dataclass(frozen=True)
class Question:
    """`default` is made of the answers before it, None where there is none; `check` raises ConfigError."""

    key: str
    asks: str
    default: Callable[[Answers], str | None]
    check: Callable[[str], None]
    choices: tuple[str, ...] = ()


def questions(answers: Answers) -> tuple[Question, ...]:
    """What has to be known, given what is known already: reports and rules have no transport."""
    without = answers.get("kind") in WITHOUT_TRANSPORT
    return tuple(question for question in _ALL if not (without and question.key == "transport"))


def complete(given: Answers) -> Answers:
    """The given answers, checked, and the defaults of the others. Raises ConfigError."""
    known = [question.key for question in _ALL]
    if unknown := [key for key in given if key not in known]:
        raise ConfigError("there is no such question", key=unknown[0], allowed=known)
    answers: dict[str, str] = {}
    for question in _ALL:
        if question in questions(answers):
            answers[question.key] = _answer(question, given, answers)
        elif question.key in given:
            raise ConfigError(f"`{answers['kind']}` has no {question.key}; leave it out", key=question.key)
    return answers


def _answer(question: Question, given: Answers, before: Answers) -> str:
    answer = given[question.key] if question.key in given else question.default(before)
    if answer is None:
        raise ConfigError("this is missing; write it, as in `name=acme`", key=question.key)
    question.check(answer)
    return answer


def _check_name(name: str) -> None:
    allowed = f"lower-case letters, digits and single dashes, beginning with a letter, up to {LONGEST}"
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise ConfigError("this is no connector's name", key="name", found=repr(name), allowed=allowed)
    taken = {one.name for one in installed()} | set(WELL_KNOWN)
    plain = {other.replace("-", "") for other in taken}
    if name.replace("-", "") in plain:
        what = f"`{name}` is the name of a connector that there is already, or looks like it; take another"
        raise ConfigError(what, key="name")


def _check_choice(key: str, choices: tuple[str, ...]) -> Callable[[str], None]:
    def check(answer: str) -> None:
        if answer not in choices:
            raise ConfigError("this is none of the choices", key=key, found=repr(answer), allowed=choices)

    return check


def _check_words(key: str, *, blank: bool) -> Callable[[str], None]:
    def check(answer: str) -> None:
        if (not answer and blank) or (
            len(answer) <= LONGEST and _WORDS.fullmatch(answer) and answer.strip() == answer
        ):
            return
        allowed = f"letters, digits, blanks and . , & ' ( ) + / -, up to {LONGEST}"
        raise ConfigError("this cannot stand in a file's head", key=key, found=repr(answer), allowed=allowed)

    return check


def _check_email(answer: str) -> None:
    if answer and not _EMAIL.fullmatch(answer):
        allowed = "an address such as someone@example.org, or nothing"
        raise ConfigError("this is no e-mail address", key="email", found=repr(answer), allowed=allowed)


_ALL = (
    Question("name", "name (short, as in `rosterbus-NAME`)", lambda _: None, _check_name),
    Question(
        "system",
        "system (the vendor's or the SIS's name, as people write it)",
        lambda answers: answers["name"].replace("-", " ").title(),
        _check_words("system", blank=False),
    ),
    Question("kind", "kind", lambda _: KINDS[0], _check_choice("kind", KINDS), KINDS),
    Question(
        "transport", "transport", lambda _: TRANSPORTS[0], _check_choice("transport", TRANSPORTS), TRANSPORTS
    ),
    Question(
        "author", "author or maintainer (may stay blank)", lambda _: "", _check_words("author", blank=True)
    ),
    Question("email", "e-mail address for questions (may stay blank)", lambda _: "", _check_email),
)
