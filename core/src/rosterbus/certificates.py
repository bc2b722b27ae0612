"""The certificate of a wheel: what the conformance suite saw, written by `rosterbus certify` and read by anybody.

It stands beside the wheel as ``<wheel>.certificate.json``. Everything but `figures` is the same whenever the same wheel
meets the same suite.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from rosterbus.errors import ConfigError

SCHEMA = 1
SUFFIX = ".certificate.json"
LARGEST = 16_000_000
"""Bytes of a certificate; no honest one comes near."""
Ending = Literal["passed", "failed", "waived", "not applicable"]
Standing = Literal["certified", "draft", "failed"]


@dataclass(frozen=True)
class TestOutcome:
    """How one test of the suite ended, and the promise it is about.

    `test` is ``kind:name::test_function[case]``; where several test classes are about one plugin, the class stands in
    between: ``kind:name::TestClass::test_function[case]``. `reason` says why a test was waived or is not applicable,
    and what was seen where it failed; never a cell value.
    """

    __test__ = False

    test: str
    promise: str
    outcome: Ending
    reason: str = ""


@dataclass(frozen=True)
class Certificate:
    """What the suite saw of one wheel.

    `plugins` are "kind:name" of its entry points. `standing` is ``certified`` where every test passed, is waived with
    a reason or does not apply, and nothing of `because` speaks against it; ``draft`` where only `because` does.
    `against` names the settings file of a vendor's own sandbox, blank for the twin. `described` has for each plugin
    what `rosterbus describe --json` says. `figures` are times, sizes and the environment of this one run.
    """

    distribution: str
    version: str
    plugins: Sequence[str]
    wheel: str
    sha256: str
    suite: str
    api: int
    standing: Standing
    because: Sequence[str]
    outcomes: Sequence[TestOutcome]
    described: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    against: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The certificate as it is written."""
        return {"schema": SCHEMA, **asdict(self)}

    @property
    def waivers(self) -> list[TestOutcome]:
        """The tests that this connector cannot pass, each with its reason."""
        return [one for one in self.outcomes if one.outcome == "waived"]


def certificate_of(wheel: Path) -> Path:
    """Where the certificate of a wheel lies."""
    return wheel.with_name(wheel.name + SUFFIX)


def write_certificate(certificate: Certificate, path: Path) -> None:
    """Write it as sorted, indented JSON in UTF-8, so that two of them can be compared line by line."""
    text = json.dumps(certificate.as_json(), indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_certificate(path: Path) -> Certificate:
    """Read one, whoever wrote it; raises ConfigError with file, key, what was found and what is allowed."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"the certificate is larger than {LARGEST:,} bytes", file=path)
        values = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(values, ensure_ascii=False).encode(
            "utf-8"
        )  # half a letter can be written in JSON, and not here
    except OSError as error:
        raise ConfigError(f"the certificate cannot be read: {error.strerror}", file=path) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the certificate is not JSON in UTF-8: {error}", file=path) from error
    return parse_certificate(values, file=path)


def parse_certificate(values: Any, *, file: Path | None = None) -> Certificate:
    """Check what JSON gave; raises ConfigError for the first thing that is wrong."""
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        found = values.get("schema") if isinstance(values, dict) else type(values).__name__
        raise ConfigError(
            "the certificate has another schema",
            file=file,
            key="schema",
            found=repr(found),
            allowed=str(SCHEMA),
        )
    for key, (right, allowed) in _SHAPES.items():
        if not right(values.get(key)):
            raise ConfigError(
                "the certificate says something else than it may",
                file=file,
                key=key,
                found=type(values.get(key)).__name__,
                allowed=allowed,
            )
    known = {key: values[key] for key in _SHAPES}
    return Certificate(**{**known, "outcomes": [TestOutcome(**one) for one in values["outcomes"]]})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 10_000


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_outcomes(value: Any) -> bool:
    keys = {"test", "promise", "outcome", "reason"}
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and set(one) == keys
        and all(map(_is_text, one.values()))
        and one["outcome"] in get_args(Ending)
        for one in value
    )


def _are_tables(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, dict) for one in value.values())


_TEXT = (_is_text, "a text")
_TEXTS = (_are_texts, "a list of texts")
_SHAPES = {
    "distribution": _TEXT,
    "version": _TEXT,
    "plugins": _TEXTS,
    "wheel": _TEXT,
    "sha256": (lambda value: isinstance(value, str) and len(value) == 64, "64 hexadecimal digits"),
    "suite": _TEXT,
    "api": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "standing": (lambda value: value in get_args(Standing), ", ".join(get_args(Standing))),
    "because": _TEXTS,
    "outcomes": (_are_outcomes, "a list of tables with test, promise, outcome and reason"),
    "described": (_are_tables, "a table for each plugin"),
    "against": _TEXT,
    "figures": (lambda value: isinstance(value, dict), "a table"),
}
