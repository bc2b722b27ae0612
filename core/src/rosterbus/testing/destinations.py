"""What every destination keeps, proved on its own twin: once, whole, in the vendor's rules, and never in silence."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rosterbus.context import RunContext
from rosterbus.deliveries import Address, Probe, StagedFile
from rosterbus.errors import HeldError, RetriableError
from rosterbus.layouts import describe
from rosterbus.pipelines import Outcome
from rosterbus.plan.planning import Order
from rosterbus.subjects import layouts_of
from rosterbus.testing import dying
from rosterbus.testing.connectors import ConnectorContract
from rosterbus.testing.secrecy import leaks
from rosterbus.testing.trial import Trial, Vendor, rows_refused, rows_taken, vendor_of

ENDS = {"confirmed", "held", "failed"}
ENDED_BADLY = {1, 3, 75}
"""The exit codes of a run that delivered nothing: failed, held, try again later."""


class DestinationContract(ConnectorContract):
    """The tests of a destination, each on the connector's own twin.

    An analysis of the twin says how many `rows` an import had, itself or for each of its `files`, and how many of
    them were `failed`, `skipped` or `refused`. A twin that knows days between files has `extras["forward"]`.
    """

    kind: ClassVar[str] = "destination"

    @pytest.fixture(scope="class")
    @classmethod
    def vendor(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
        with vendor_of(cls.connector, cls.settings, tmp_path_factory.mktemp("vendor")) as vendor:
            yield vendor

    @pytest.fixture
    def trial(self, vendor: Vendor, tmp_path: Path) -> Iterator[Trial]:
        trial = vendor.trial(tmp_path / "project")
        trial.by_hand = self.ability.by_hand
        yield trial
        vendor.after(trial)

    @property
    def ended(self) -> tuple[str, str]:
        """How a good delivery ends, and the count that its rows are in then."""
        return ("held", "held") if self.ability.by_hand else ("confirmed", "delivered")

    def test_every_limit_and_every_rule_says_where_it_comes_from(self, trial: Trial) -> None:
        with trial.opened() as context:
            part = context.pipeline.deliveries[0]
            for spec in layouts_of(context, part):
                columns = describe(spec)
                assert [
                    one["column"] for one in columns if one["limits"] and not one["rule"] + one["note"]
                ] == []
                rules = (*spec.rules, *context.rules(spec, context.settings(part)))
                assert [rule.sentence for rule in rules if not rule.source] == []
            module = context.plugins[f"destination:{self.connector}"].module
        assert [
            rule.name for rule in getattr(module, "RULES", ()) if not (rule.source and rule.sentence)
        ] == []

    def test_every_answer_of_the_twin_says_how_it_is_known(self, trial: Trial) -> None:
        assert trial.twin.answers, "the twin says of no answer how it is known"
        known = {"published", "observed", "assumed"}
        assert [one for one in trial.twin.answers if one.known not in known or not one.source] == []

    def test_a_probe_changes_nothing(self, trial: Trial) -> None:
        with trial.opened() as context:
            part = context.pipeline.deliveries[0]
            probes = context.plugins.call(
                f"destination:{self.connector}", "probe", step="testing", settings=context.settings(part)
            )
        assert [one for one in probes if not isinstance(one, Probe) or one.state == "failed"] == []
        assert probes
        assert list(trial.imports()) == []

    def test_an_address_is_the_same_again_needs_no_network_and_avoids_what_is_taken(
        self, trial: Trial, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any) -> None:
            pytest.fail("`address` opened a connection")

        with trial.opened() as context:
            monkeypatch.setattr(socket.socket, "connect", refuse)
            first, again = addressed(context, trial, set()), addressed(context, trial, set())
            names = {*first.files, *([first.marker] if first.marker else [])}
            other = addressed(context, trial, names)
        assert first == again
        assert first.target
        assert other == first if first.overwrites else not names & {*other.files, other.marker}

    def test_a_roster_is_delivered_once_and_every_row_is_accounted_for(self, trial: Trial) -> None:
        outcome = trial.run()
        [receipt] = receipts(outcome)
        state, counted = self.ended
        assert (receipt.state, bool(receipt.because)) == (state, self.ability.by_hand)
        assert receipt.balanced
        assert sum(one["rejected"] for one in receipt.counts.values()) == 0
        assert receipt.plan.guarantee == self.card.guarantee
        [taken] = trial.imports()
        delivered = sum(one[counted] for one in receipt.counts.values())
        assert (rows_taken(taken), rows_refused(taken)) == (delivered, 0)
        assert delivered >= trial.source.students

    def test_the_vendor_has_nothing_before_it_is_declared_and_never_a_part(self, trial: Trial) -> None:
        watch = dying.Watch(lambda: len(trial.imports()))
        outcome = trial.run(meddle=watch.over)
        assert watch.declared, "`about_to_send` was not called by `load`"
        assert set(watch.before) == {0}, "the vendor took something before `about_to_send`"
        [taken] = trial.imports()
        [receipt] = receipts(outcome)
        assert rows_taken(taken) == sum(one[self.ended[1]] for one in receipt.counts.values())

    def test_the_same_roster_again_is_nothing_new(self, trial: Trial) -> None:
        trial.run()
        trial.imports()
        [receipt] = receipts(trial.run_when_due())
        assert receipt.state == "nothing new"
        assert len(trial.imports()) == 1

    def test_a_change_is_delivered_as_a_change(self, trial: Trial) -> None:
        trial.run()
        trial.imports()
        trial.source.cells[0, self.ability.changing] = "Zqxchanged"
        [receipt] = receipts(trial.run_when_due())
        moved = [sum(one[name] for one in receipt.counts.values()) for name in ("new", "removed")]
        assert (receipt.state, moved) == (self.ended[0], [0, 0])
        assert sum(one["changed"] for one in receipt.counts.values()) >= 1
        _, second = trial.imports()
        assert rows_refused(second) == 0

    def test_an_empty_roster_is_held(self, trial: Trial) -> None:
        trial.run()
        trial.source.students = 0
        [receipt] = receipts(trial.run_when_due())
        assert (receipt.state, bool(receipt.because)) == ("held", True)
        assert len(trial.imports()) == 1

    def test_a_test_file_is_sent_or_refused_and_moves_no_baseline(self, trial: Trial) -> None:
        [receipt] = receipts(trial.run(order=Order(test=True)))
        assert receipt.state == ("confirmed" if self.ability.test_files else "refused"), receipt.because
        assert len(trial.imports()) == self.ability.test_files
        [live] = receipts(trial.run_when_due())
        assert sum(one["new"] for one in live.counts.values()) >= trial.source.students

    def test_wrong_credentials_are_told_and_nothing_arrives(self, trial: Trial) -> None:
        wrong = trial.wrong_secrets()
        assert wrong, "the twin is open to everybody; give it a secret, as the vendor has"
        self._ends_badly(trial, trial.run(overrides=wrong))
        assert list(trial.imports()) == []
        trial.run_when_due()
        assert len(trial.imports()) == 1, "the next run, whose credentials were right, did not go on"

    def test_a_server_that_is_gone_is_told(self, tmp_path: Path) -> None:
        with vendor_of(self.connector, self.settings, tmp_path) as vendor:
            trial = vendor.trial(tmp_path / "project")
            trial.twin.stop()
            self._ends_badly(trial, trial.run())
        assert "confirmed" not in trial.states()

    @pytest.mark.parametrize(
        ("place", "taken"), [*((place, True) for place in dying.PLACES), ("after sending", False)]
    )
    def test_a_run_that_is_killed_is_finished_once_or_held(
        self, trial: Trial, place: str, taken: bool
    ) -> None:
        trial.killed(lambda context: dying.PLACES[place](context))
        # Whether the vendor takes what is there before the next run, or is slower than that.
        before = len(trial.imports()) if taken else 0
        outcome = trial.run(later=timedelta(minutes=5))
        arrived, held = len(trial.imports()), "held" in trial.states()
        assert arrived == 1 or (held and arrived <= 1), f"it arrived {arrived} times"
        assert arrived >= before
        assert set(trial.states()) <= ENDS, "the next run left a delivery open"
        assert held == (outcome.exit_code == HeldError.exit_code)
        assert sum(map(rows_refused, trial.imports())) == 0

    def test_a_second_run_at_the_same_time_sends_nothing(self, trial: Trial) -> None:
        refused = []

        def beside(context: RunContext) -> None:
            mark_sent = context.ledger.deliveries.mark_sent

            def run_another_first(*arguments: Any, **named: Any) -> None:
                with pytest.raises(RetriableError, match="is being written to by") as caught:
                    trial.run()
                refused.append(caught)
                mark_sent(*arguments, **named)

            context.ledger.deliveries.mark_sent = run_another_first  # type: ignore[method-assign]

        [receipt] = receipts(trial.run(meddle=beside))
        assert (receipt.state, len(refused), len(trial.imports())) == (self.ended[0], 1, 1)

    def test_no_cell_and_no_secret_is_told(
        self, trial: Trial, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        # Below INFO the libraries of a connector may tell what goes over the wire; nobody turns that on unasked.
        caplog.set_level("INFO")
        trial.source.cells[1, self.ability.changing] = "Zqx\x7f" * 200
        trial.run()
        trial.source.cells[0, self.ability.changing] = "Zqxchanged"
        trial.run_when_due()
        trial.run(overrides=trial.wrong_secrets())
        said = capfd.readouterr()
        assert leaks(trial, [caplog.text, said.out, said.err]) == []

    def _ends_badly(self, trial: Trial, outcome: Outcome) -> None:
        told = [one.because for one in outcome.receipts] + [str(one.error) for one in outcome.failures]
        assert outcome.exit_code in {*ENDED_BADLY, 2}, told
        assert told
        assert [sentence for sentence in told if not sentence or "report it" in sentence] == []
        assert trial.states().count("confirmed") == 0


def receipts(outcome: Outcome) -> list[Any]:
    """The receipts of a run in which nothing failed."""
    assert [str(one.error) for one in outcome.failures] == []
    return outcome.receipts


def addressed(context: RunContext, trial: Trial, taken: set[str]) -> Address:
    """Where a plan of one file for each layout would go, if some names were taken."""
    part = context.pipeline.deliveries[0]
    files = [
        StagedFile(
            spec.file, spec.name, trial.folder / spec.file, 1, 1, "0" * 64, dict.fromkeys(spec.split, "1")
        )
        for spec in layouts_of(context, part)
    ]
    delivery = dying.unsent(context, files, taken)
    return context.address(part, delivery, context.settings(part))
