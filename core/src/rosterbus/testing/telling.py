"""Lets a failing test of the suite teach: its promise, what the vendor saw, and the hooks that were at work.

A pytest plugin; the suite registers it itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from rosterbus.deliveries import Seen
from rosterbus.plugins import load
from rosterbus.testing.promises import promise_of

TITLE = "What the suite knows of it"
LAST = 60
"""Events that are told; those of the fault are the last ones."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],  # noqa: ARG001 - the spec names it
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what is known to the report of a test of the suite that failed."""
    report = yield
    contract: Any = getattr(item, "cls", None)
    if report.failed and hasattr(contract, "not_applicable") and isinstance(item, pytest.Function):
        report.sections.append((TITLE, "\n".join(lesson(item, contract))))
    return report


def lesson(item: pytest.Function, contract: type[Any]) -> Iterator[str]:
    """Lines for a person who has to find out which promise was broken, and where."""
    yield f"promise: {promise_of(item.function)}"
    trial: Any = item.funcargs.get("trial")
    if trial is None:
        return
    yield "hooks that were called, the last one last:"
    yield from [f"  {where_is(contract, hook)}" for hook in trial.hooks] or ["  none"]
    seen = trial.seen()
    yield f"what the vendor saw, in order{f' (the last {LAST} of {len(seen)})' if len(seen) > LAST else ''}:"
    yield from [f"  {told(one)}" for one in seen[-LAST:]] or ["  nothing"]


def where_is(contract: type[Any], hook: str) -> str:
    """A hook, and the file and line of the connector where it begins."""
    module = load(contract.kind, contract.connector).module
    code = inspect.unwrap(getattr(module, hook)).__code__
    return f"{hook}  {code.co_filename}:{code.co_firstlineno}"


def told(one: Seen) -> str:
    """One thing that a twin saw, on a line."""
    size = f"{one.bytes:,} bytes, sha256 {one.sha256[:12]}" if one.sha256 else ""
    return "  ".join(part for part in (f"{one.at:%H:%M:%S.%f}", one.what, one.name, size) if part)
