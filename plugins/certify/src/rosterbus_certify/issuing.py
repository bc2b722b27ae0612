"""From an examination to a certificate: what it says, and what keeps it a draft."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rosterbus.certificates import Certificate, certificate_of, write_certificate

from rosterbus_certify.examining import Examination

AGAINST = ".against.json"
IN_PART = "it was run against a vendor's sandbox, which shows a part of the suite only"
KNOWN = ("published", "observed", "assumed")
_TO_DO = re.compile(r"\b(todo|tbd|fixme)\b", re.IGNORECASE)


def issue(examination: Examination) -> tuple[Certificate, Path | None]:
    """The certificate, and where it was written: beside the wheel, where the whole suite ran and nothing failed.

    What was run against a sandbox lies beside it under another name, and is a draft whatever came of it.
    """
    certificate = _certificate(examination)
    wheel = examination.wheel.path
    path = wheel.with_name(wheel.name + AGAINST) if certificate.against else certificate_of(wheel)
    if examination.asked.part:
        return certificate, None
    if certificate.standing == "failed":
        # An older one of the same name would go on to say what is not so any more.
        path.unlink(missing_ok=True)
        return certificate, None
    write_certificate(certificate, path)
    return certificate, path


def _certificate(examination: Examination) -> Certificate:
    wheel, found, hearing = examination.wheel, examination.found, examination.hearing
    against = examination.asked.against
    because = [*([IN_PART] if against else []), *_unfinished(found["described"])]
    return Certificate(
        distribution=wheel.distribution,
        version=wheel.version,
        plugins=wheel.plugins,
        wheel=wheel.path.name,
        sha256=wheel.sha256,
        suite=found["suite"],
        api=found["api"],
        standing="failed" if not examination.passed else "draft" if because else "certified",
        because=because,
        outcomes=[hearing.outcomes[name] for name in sorted(hearing.outcomes)],
        described=found["described"],
        against=against.name if against else "",
        figures={
            **{name: found[name] for name in ("python", "platform", "installed")},
            "seconds": examination.seconds,
            "tests": dict(sorted(hearing.figures.items())),
        },
    )


def _unfinished(described: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What keeps a connector a draft, one sentence each."""
    for plugin, one in sorted(described.items()):
        yield from (f"{plugin}: {why}" for why in _of_rules(one))
        yield from (f"{plugin}: {why}" for why in _of_answers(one))


def _of_rules(one: Mapping[str, Any]) -> Iterator[str]:
    rules = [*one["rules"], *(rule for layout in one["layouts"] for rule in layout["rules"])]
    if one["kind"] == "destination" and not one["rules"]:
        yield "it gives no RULES of its vendor"
    for rule in rules:
        if _is_blank(rule["source"]):
            yield f"a rule names no source: {rule['sentence']}"
    for layout in one["layouts"]:
        if _is_blank(layout["source"]):
            yield f"the layout `{layout['name']}` names no source"


def _of_answers(one: Mapping[str, Any]) -> Iterator[str]:
    if one["twin"] and not one["answers"]:
        yield "its twin's ANSWERS are not marked as published, observed or assumed"
    for answer in one["answers"]:
        if answer["known"] not in KNOWN or _is_blank(answer["source"]):
            yield f"an answer of its twin does not say how it is known: {answer['behaviour']}"


def _is_blank(source: str) -> bool:
    return not source.strip() or bool(_TO_DO.search(source))
