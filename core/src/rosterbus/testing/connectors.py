"""What every plugin keeps, whatever its kind."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from inspect import getattr_static
from pathlib import Path
from typing import Any, ClassVar

import marshmallow
import pytest
from marshmallow import fields

from rosterbus.cards import ConnectorCard
from rosterbus.describing import example_settings
from rosterbus.errors import ConfigError
from rosterbus.plugins import Installed, LoadedPlugin, Plugins, installed, load
from rosterbus.project import validate_settings
from rosterbus.project.documents import Document
from rosterbus.project.validation import fields_of
from rosterbus.settings import SecretField, Settings
from rosterbus.testing import telling
from rosterbus.testing.ability import Ability
from rosterbus.testing.promises import drop_not_applicable

TOLD: Mapping[str, tuple[str, ...]] = {
    "source": ("title", "system", "pages", "hosts", "absence", "maturity"),
    "destination": ("title", "system", "pages", "hosts", "guarantee", "absence", "maturity"),
    "transport": ("title", "system", "hosts", "guarantee", "maturity"),
}
"""What the card of a kind may not leave blank; of the others, title and maturity."""
HOOKS: Mapping[str, tuple[str, ...]] = {
    "source": ("extract", "map"),
    "destination": ("address", "load", "reconcile", "probe", "twin"),
    "transport": ("open", "list"),
    "report": ("report",),
}
HEAVY = ("duckdb", "sqlalchemy", "pytest")
"""The core's own weights, which nobody needs before a run."""


OWN = ("_teaching", "_waived")
"""What a test class inherits beside tests, and leaves alone."""


class ConnectorContract:
    """The tests of any plugin. A subclass gives `connector`, and `kind` where there is no contract of its own.

    `settings` are those that a pipeline would write; required ones of a simple type need not be given.
    """

    kind: ClassVar[str]
    connector: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]] = {}
    ability: ClassVar[Ability] = Ability()
    not_applicable: ClassVar[Mapping[str, str]] = {}
    """The tests that say nothing about this connector, and the ability for want of which; they are not collected."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "connector"):
            cls.not_applicable = drop_not_applicable(cls)

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _teaching(cls, request: pytest.FixtureRequest) -> None:
        if not request.config.pluginmanager.is_registered(telling):
            request.config.pluginmanager.register(telling)

    @pytest.fixture(autouse=True)
    def _waived(self, request: pytest.FixtureRequest) -> None:
        reason = self.ability.waived.get(request.function.__name__)
        if reason:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    @pytest.fixture
    def plugin(self) -> LoadedPlugin:
        return load(self.kind, self.connector)

    @property
    def entry(self) -> Installed:
        """The entry point of the plugin, read without importing it."""
        found = [one for one in installed() if one.plugin == f"{self.kind}:{self.connector}"]
        assert found, f"there is no entry point `{self.connector}` in the group rosterbus.v1.{self.kind}s"
        return found[0]

    @property
    def card(self) -> ConnectorCard:
        """What its `connector.toml` says."""
        card = self.entry.card
        assert card is not None, self.entry.problem
        return card

    def test_no_test_of_the_contract_is_overridden(self) -> None:
        """Every test of the suite runs as it stands; what differs is declared as data."""
        contract = next(one for one in type(self).__mro__ if one.__module__.startswith("rosterbus.testing."))
        names = [name for name in dir(contract) if name.startswith("test_") or name in OWN]
        overridden = [
            name
            for name in names
            if name not in self.not_applicable
            and getattr_static(type(self), name) is not getattr_static(contract, name)
        ]
        assert overridden == [], "declare what differs in `ability`; tests stay as they are"

    def test_a_waiver_names_a_test_and_gives_its_reason(self) -> None:
        """A waiver names a test that there is, and gives its reason in a sentence."""
        unknown = [name for name in self.ability.waived if not hasattr(type(self), name)]
        assert unknown == [], "a waiver names no test of the contract"
        assert [name for name, reason in self.ability.waived.items() if len(reason.split()) < 3] == []

    def test_it_is_found_and_loads_alone(self) -> None:
        """The plugin is found by its entry point, and loads without any other."""
        assert self.entry.problem is None
        assert load(self.kind, self.connector).name == f"{self.kind}:{self.connector}"

    def test_importing_it_does_nothing_and_brings_nothing_heavy(self) -> None:
        """Importing the plugin starts nothing, prints nothing, and loads nothing heavy."""
        told = "[m for m in {heavy} if m in sys.modules], threading.active_count()"
        code = f"import sys, threading, {self.entry.module}; print({told.format(heavy=HEAVY)})"
        done = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[] 1", "")

    def test_its_card_is_complete(self) -> None:
        """The card tells, before any code runs, what a person has to know of the plugin."""
        told = TOLD.get(self.kind, ("title", "maturity"))
        assert [name for name in told if not getattr(self.card, name)] == []

    def test_it_has_the_hooks_of_its_kind_and_the_commands_of_its_card(self) -> None:
        """The plugin has every hook of its kind, and exactly the commands of its card."""
        plugins = Plugins([(self.kind, self.connector)])
        name = f"{self.kind}:{self.connector}"
        assert [one for one in HOOKS.get(self.kind, ()) if not plugins.implements(name, one)] == []
        commands = (
            plugins.call(name, "commands", step="testing") if plugins.implements(name, "commands") else ()
        )
        assert sorted(str(one.name) for one in commands) == sorted(self.card.commands)

    def test_every_setting_says_what_it_is(self, plugin: LoadedPlugin) -> None:
        """Every setting says what it is."""
        named = every_field(schema_of(plugin)())
        assert [name for name, field in named.items() if not field.metadata.get("about")] == []

    def test_a_literal_secret_is_refused_and_not_repeated(self, plugin: LoadedPlugin, tmp_path: Path) -> None:
        """A secret that stands literally in a pipeline is refused, and not repeated by the error."""
        secrets = [
            name for name, field in every_field(schema_of(plugin)()).items() if isinstance(field, SecretField)
        ]
        for name in secrets:
            first, *rest = name.split(".")
            written: Any = "zqsliteral"
            for key in reversed(rest):
                written = {key: written}
            with pytest.raises(ConfigError, match="reference") as refused:
                self._validate(plugin, tmp_path, {first: written})
            assert "zqsliteral" not in str(refused.value), name

    def test_an_unknown_setting_is_refused_with_the_near_name(
        self, plugin: LoadedPlugin, tmp_path: Path
    ) -> None:
        """A misspelt setting is refused, and the error names the right one."""
        for name in fields_of(schema_of(plugin)()):
            with pytest.raises(ConfigError, match="no such setting") as refused:
                self._validate(plugin, tmp_path, {f"{name}x": "text"})
            assert name in str(refused.value)

    def _validate(self, plugin: LoadedPlugin, folder: Path, changes: Mapping[str, Any]) -> None:
        """Load the settings with changes; raises ConfigError."""
        schema = schema_of(plugin)
        required = [name for name, field in schema().fields.items() if field.required]
        given = {name: example_settings(schema)[name] for name in required}
        validate_settings(schema, {**given, **self.settings, **changes}, Document({}, folder))


def schema_of(plugin: LoadedPlugin) -> type[Settings]:
    """The settings of a plugin; empty ones for what has none and needs none."""
    found: type[Settings] = getattr(plugin.module, "Settings", Settings)
    return found


def every_field(schema: marshmallow.Schema, within: str = "") -> dict[str, fields.Field[Any]]:
    """All fields by the names that people write, those of tables in tables with a dot."""
    found = {}
    for name, field in fields_of(schema).items():
        found[f"{within}{name}"] = field
        if isinstance(field, fields.Nested):
            found |= every_field(field.schema, f"{within}{name}.")
    return found
