"""A vendor's own sandbox in the place of a twin: the harmless tests, and what a person allows to be sent there."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rosterbus.deliveries import Twin
from rosterbus.errors import ConfigError, RosterbusError
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.plugins import load
from rosterbus.project.documents import read_document
from rosterbus.runs import plan_all
from rosterbus.testing.destinations import DestinationContract
from rosterbus.testing.promises import harmless
from rosterbus.testing.trial import Trial, Vendor

KEYS = ("settings", "test_files", "deliver")
SHOWN = 400
"""Characters of a file that a preview shows: its header and a row or two of people who are made up."""


@dataclass(frozen=True)
class Sandbox:
    """What a settings file says: the delivery's settings, and whether the village may go there.

    `test_files` allows it as what the vendor calls a test file, `deliver` as a delivery like any other.
    """

    settings: Mapping[str, Any]
    test_files: bool = False
    deliver: bool = False

    @property
    def sends(self) -> bool:
        """Whether anything at all may be sent."""
        return self.test_files or self.deliver


def read_sandbox(file: Path) -> Sandbox:
    """Read a settings file; raises ConfigError with the place of what is wrong. Paths in it start from its folder."""
    document = read_document(file, folder=file.parent)
    for key, value in document.values.items():
        if key not in KEYS:
            raise document.error([key], "there is no such key", allowed=KEYS)
        allowed = (dict, "a table") if key == "settings" else (bool, "true or false")
        if not isinstance(value, allowed[0]):
            raise document.error([key], "this is something else", found=repr(value), allowed=allowed[1])
    values = dict(document.values)
    return Sandbox(_whole(values.pop("settings", {}), file.resolve().parent), **values)


class SandboxTests:
    """Put before a destination's test class: its trials then lead to the sandbox, which nobody can read back."""

    connector: ClassVar[str]
    sandbox: ClassVar[Sandbox]

    @pytest.fixture
    def vendor(self) -> Vendor:
        """The vendor's own system, which was running before and goes on."""
        return vendor_at(self)


class TestFiles:
    """With `test_files = true`."""

    __test__ = False
    ended: tuple[str, str]

    @harmless
    def test_the_sandbox_takes_a_test_file(self, trial: Trial) -> None:
        """A roster of made-up people is taken as a test file."""
        _taken(trial, Order(test=True), "confirmed")


class Deliveries:
    """With `deliver = true`."""

    __test__ = False
    ended: tuple[str, str]

    @harmless
    def test_the_sandbox_takes_a_delivery(self, trial: Trial) -> None:
        """A roster of made-up people is delivered, and the receipt closes."""
        _taken(trial, Order(), self.ended[0])


def against(module: str, file: Path) -> dict[str, type]:
    """The test classes of a conformance module that are about a destination, each led to the sandbox of `file`."""
    sandbox = read_sandbox(file)
    return {name: _led(one, sandbox) for name, one in destinations_of(module).items()}


def destinations_of(module: str) -> dict[str, type[DestinationContract]]:
    """The test classes of a conformance module that are about a destination, by name."""
    found = vars(importlib.import_module(module))
    return {
        name: one
        for name, one in found.items()
        if isinstance(one, type) and issubclass(one, DestinationContract) and name.startswith("Test")
    }


def previews(module: str, file: Path, folder: Path) -> list[dict[str, Any]]:
    """What would be sent where, for each class and each way that the file allows; plans it, and sends nothing.

    Raises ConfigError for what is wrong in the file, RosterbusError where there is no plan.
    """
    sandbox = read_sandbox(file)
    found = []
    for name, one in destinations_of(module).items():
        led = _led(one, sandbox)
        for way, allowed in (("test file", sandbox.test_files), ("delivery", sandbox.deliver)):
            if allowed:
                trial = vendor_at(led).trial(folder / f"{name}-{way}")
                found.append(
                    {"connector": one.connector, "way": way, **_previewed(trial, way == "test file")}
                )
    return found


def vendor_at(contract: Any) -> Vendor:
    """The sandbox as the vendor of trials."""
    module = load("destination", contract.connector).module
    nobody = Twin("sandbox", {}, (), lambda: None, lambda: (), getattr(module, "ANSWERS", ()))
    settings = {**contract.settings, **contract.sandbox.settings}
    return Vendor(contract.connector, settings, nobody, datetime.now(UTC))


def _led(one: type[DestinationContract], sandbox: Sandbox) -> type[DestinationContract]:
    if sandbox.test_files and not one.ability.test_files:
        raise ConfigError(
            f"{one.__name__} says that its vendor takes no test files",
            key="test_files",
            found="true",
            allowed="false",
        )
    ways = [
        way for way, allowed in ((TestFiles, sandbox.test_files), (Deliveries, sandbox.deliver)) if allowed
    ]
    more = {"sandbox": sandbox, "__test__": True, "__module__": one.__module__}
    return type(one.__name__, (SandboxTests, *ways, one), more)


def _taken(trial: Trial, order: Order, wanted: str) -> None:
    outcome = trial.run(order=order)
    told = [str(one.error) for one in outcome.failures] + [one.because for one in outcome.receipts]
    states = [one.state for one in outcome.receipts]
    if states != [wanted]:
        pytest.fail(f"it ended {', '.join(states) or 'without a receipt'}: {'; '.join(filter(None, told))}")
    if not all(one.balanced for one in outcome.receipts):
        pytest.fail("the counts of the receipt do not close")


def _previewed(trial: Trial, test: bool) -> dict[str, Any]:
    with trial.opened() as context:
        plans = plan_all(context, context.pipeline.deliveries, Order(test=test))
        if isinstance(plans, str):
            raise RosterbusError(f"the village gives nothing to plan: {plans}")
        [plan] = plans
        held = [one.sentence for one in plan.holds]
        return {"target": plan.target, "files": list(_files(plan)), "held": held}


def _files(plan: StoredPlan) -> Iterator[dict[str, Any]]:
    for name, file in zip(plan.remote, plan.files, strict=False):
        begin = file.path.read_bytes()[:SHOWN].decode("utf-8", "backslashreplace")
        yield {"name": name, "rows": file.rows, "bytes": file.bytes, "begins": begin}


def _whole(value: Any, folder: Path) -> Any:
    """The same settings, each ``{ file = "PATH" }`` of a secret as a whole path."""
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"file"} and isinstance(value["file"], str):
        return {"file": str(folder / Path(value["file"]).expanduser())}
    return {name: _whole(below, folder) for name, below in value.items()}
