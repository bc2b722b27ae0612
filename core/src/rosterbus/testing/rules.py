"""What every plugin of rules keeps: it only looks, says where each rule is written, and leaves a clean roster alone."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest

from rosterbus.context import RunContext
from rosterbus.findings import Finding, Rule, RuleDoc, Severity
from rosterbus.pipelines import run
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.plugins import LoadedPlugin
from rosterbus.rulings import RULING
from rosterbus.runs import plan_all
from rosterbus.subjects import layouts_of
from rosterbus.testing.connectors import ConnectorContract
from rosterbus.testing.recipient import NAME
from rosterbus.testing.rehearsed import Village
from rosterbus.testing.village import CANARY

NOBODY = ("", "rosterbus")
"""What is no source of a rule of somebody else."""


class RulesContract(ConnectorContract):
    """The tests of rules, over the suite's own village and vendor, whose columns are called as the roster's are.

    `breaking` are cells by roster column: a village in which every student has them breaks the rules.
    """

    kind: ClassVar[str] = "extension"
    breaking: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture
    def village(self, tmp_path: Path) -> Village:
        village = Village(tmp_path / "project", {self.connector: self.settings})
        village.begin(NAME)
        return village

    @pytest.fixture
    def broken(self, village: Village) -> Village:
        assert self.breaking, "say in `breaking` which cells of students break the rules"
        village.source.cells = {
            (number, column): cell
            for number in range(village.source.students)
            for column, cell in self.breaking.items()
        }
        return village

    def test_it_has_a_hook_of_rules(self, village: Village) -> None:
        with village.opened(NAME) as context:
            assert any(context.plugins.implements(self._plugin, hook) for hook in RULING)

    def test_every_rule_says_what_it_forbids_and_where_that_is_written(
        self, village: Village, plugin: LoadedPlugin
    ) -> None:
        told: list[Rule | RuleDoc] = [*documented(plugin)]
        with village.opened(NAME) as context:
            told += self._row_rules(context)
            judges = context.plugins.implements(self._plugin, "judge")
        assert told, "it has no rule: neither in `RULES` nor by `validate`"
        assert [
            one.sentence for one in told if not one.sentence.strip() or one.source.strip() in NOBODY
        ] == []
        assert not judges or documented(plugin), "name what `judge` applies in `RULES`"

    def test_a_clean_roster_is_left_alone(self, village: Village) -> None:
        with village.opened(NAME) as context:
            outcome = run(context, context.pipeline.deliveries)
        assert [str(one.error) for one in outcome.failures] == []
        [receipt] = outcome.receipts
        assert (receipt.state, receipt.plan.total("rejected")) == ("confirmed", 0), receipt.because

    def test_a_roster_that_breaks_the_rules_is_told(self, broken: Village) -> None:
        plan = planned(broken)
        told = [one for one in plan.findings if one.severity != "pass" and one.source not in NOBODY]
        assert told or plan.total("rejected"), "nothing is said of a roster that breaks the rules"

    def test_findings_are_well_formed(self, broken: Village, plugin: LoadedPlugin) -> None:
        """A finding names its rule and source, says one sentence, and explains what it stops"""
        named = {rule.name for rule in documented(plugin)}
        for finding in self._findings(broken):
            assert finding.severity in get_args(Severity), finding.rule
            assert finding.rule in named, f"`{finding.rule}` is not in RULES"
            assert finding.source.strip() not in NOBODY, finding.rule
            assert len(finding.sentence.splitlines()) == 1, finding.rule
            assert finding.severity != "not due" or finding.until, finding.rule
            assert finding.severity not in ("hold", "refuse") or finding.if_wrong, (
                f"{finding.rule}: what to do?"
            )
            json.dumps(finding.numbers)

    def test_no_cell_stands_in_a_finding_or_a_rule(self, broken: Village) -> None:
        told = [asdict(finding) for finding in self._findings(broken)]
        with broken.opened(NAME) as context:
            told += [asdict(rule) for rule in self._row_rules(context)]
        cells = {CANARY, *(cell for cell in self.breaking.values() if len(cell) > 3)}
        assert [one for one in map(str, told) if any(cell.lower() in one.lower() for cell in cells)] == []

    def test_a_judge_only_looks(self, broken: Village, monkeypatch: pytest.MonkeyPatch) -> None:
        """It opens no connection, changes nothing of the plan, and says the same again"""

        opened = []

        def refuse(_: Any, address: Any) -> None:
            opened.append(address)
            raise OSError("there is no network for a rule")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        try:
            told = list(self._judged(broken))
        finally:
            assert opened == [], "a rule opened a connection"
        assert [before == after for _, _, before, after in told] == [True] * len(told), (
            "a judge changed the plan"
        )
        assert [first == again for first, again, _, _ in told] == [True] * len(told), (
            "it says something else again"
        )

    @property
    def _plugin(self) -> str:
        return f"extension:{self.connector}"

    def _row_rules(self, context: RunContext) -> list[Rule]:
        if not context.plugins.implements(self._plugin, "validate"):
            return []
        settings = context.rule_settings[self._plugin]
        part = context.pipeline.deliveries[0]
        return [
            rule
            for layout in layouts_of(context, part)
            for rule in context.plugins.call(
                self._plugin, "validate", step="testing", layout=layout, settings=settings
            )
        ]

    def _findings(self, village: Village) -> list[Finding]:
        return [finding for found, _, _, _ in self._judged(village) for finding in found]

    def _judged(self, village: Village) -> Iterator[tuple[list[Finding], list[Finding], Any, Any]]:
        """Each judgement: what was found, and again, and what the plan was like before and afterwards."""
        seen = []
        with village.opened(NAME) as context:
            call = context.plugins.call

            def watched(plugin: str, hook: str, /, **arguments: Any) -> Any:
                if (plugin, hook) != (self._plugin, "judge"):
                    return call(plugin, hook, **arguments)
                before = looked_at(arguments["plan"])
                found = list(call(plugin, hook, **arguments) or ())
                again = list(call(plugin, hook, **arguments) or ())
                seen.append((found, again, before, looked_at(arguments["plan"])))
                return found

            context.plugins.call = watched  # type: ignore[method-assign]
            plan_all(context, context.pipeline.deliveries, Order())
        yield from seen


def documented(plugin: LoadedPlugin) -> tuple[RuleDoc, ...]:
    """The rules that its `judge` applies, as it tells them."""
    found: tuple[RuleDoc, ...] = getattr(plugin.module, "RULES", ())
    return found


def planned(village: Village) -> StoredPlan:
    """The plan of the village as it is."""
    with village.opened(NAME) as context:
        plans = plan_all(context, context.pipeline.deliveries, Order())
    assert not isinstance(plans, str), plans
    return plans[0]


def looked_at(plan: Any) -> Any:
    """All of a plan that a judge could change."""
    tables = "SELECT schema_name, table_name, estimated_size, column_count FROM duckdb_tables() ORDER BY ALL"
    layouts = {
        name: (deepcopy(view.counts), deepcopy(view.difference), view._connection.execute(tables).fetchall())
        for name, view in plan.layouts.items()
    }
    return layouts, dict(plan.settings), [*plan.files], [*plan.extract_findings], [*plan.sent]
