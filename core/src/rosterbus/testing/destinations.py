"""What every destination keeps, proved on its own twin: once, whole, in the vendor's rules, and never in silence."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

import socket
from typing import Any

import pytest

from rosterbus.context import RunContext
from rosterbus.deliveries import Address, Probe, StagedFile
from rosterbus.layouts import describe
from rosterbus.plan.planning import Order
from rosterbus.subjects import layouts_of
from rosterbus.testing import dying
from rosterbus.testing.arriving import ArrivalTests
from rosterbus.testing.enduring import FaultTests
from rosterbus.testing.promises import harmless
from rosterbus.testing.secrecy import leaks, open_to_others
from rosterbus.testing.trial import Trial, rows_refused, rows_taken
from rosterbus.testing.trying import receipts


class DestinationContract(ArrivalTests, FaultTests):
    """The tests of a destination, each on the connector's own twin.

    An analysis of the twin says how many `rows` an import had, itself or for each of its `files`, and how many of
    them were `failed`, `skipped` or `refused`; it may say by layout how many rows are `active` from then on. A twin
    that knows days between files has `extras["forward"]`.
    """

    @harmless
    def test_every_limit_and_every_rule_says_where_it_comes_from(self, trial: Trial) -> None:
        """Every limit and every rule names the page of the vendor that it comes from, or says that it is a guess."""
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

    @harmless
    def test_every_answer_of_the_twin_says_how_it_is_known(self, trial: Trial) -> None:
        """Every answer of the twin says whether it is published, observed or assumed."""
        assert trial.twin.answers, "the twin says of no answer how it is known"
        known = {"published", "observed", "assumed"}
        assert [one for one in trial.twin.answers if one.known not in known or not one.source] == []

    @harmless
    def test_a_probe_changes_nothing(self, trial: Trial) -> None:
        """A test of the connection sends nothing that the vendor would take."""
        with trial.opened() as context:
            part = context.pipeline.deliveries[0]
            probes = context.plugins.call(
                f"destination:{self.connector}", "probe", step="testing", settings=context.settings(part)
            )
        assert [one for one in probes if not isinstance(one, Probe) or one.state == "failed"] == []
        assert probes
        assert list(trial.imports()) == []

    @harmless
    def test_an_address_is_the_same_again_needs_no_network_and_avoids_what_is_taken(
        self, trial: Trial, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An address is the same when asked again, needs no network, and never takes a name of another plan."""

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
        """A roster arrives once, and every row that was read is accounted for."""
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
        """The ledger knows that the vendor may have it before the vendor can, and the vendor never takes a part."""
        watch = dying.Watch(lambda: len(trial.imports()))
        outcome = trial.run(meddle=watch.over)
        assert watch.declared, "`about_to_send` was not called by `load`"
        assert set(watch.before) == {0}, "the vendor took something before `about_to_send`"
        [taken] = trial.imports()
        [receipt] = receipts(outcome)
        assert rows_taken(taken) == sum(one[self.ended[1]] for one in receipt.counts.values())

    def test_the_same_roster_again_is_nothing_new(self, trial: Trial) -> None:
        """The same roster again is nothing new, and nothing is sent."""
        trial.run()
        trial.imports()
        [receipt] = receipts(trial.run_when_due())
        assert receipt.state == "nothing new"
        assert len(trial.imports()) == 1

    def test_a_change_is_delivered_as_a_change(self, trial: Trial) -> None:
        """One changed cell is one changed row at the vendor, and nobody new."""
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
        """A roster without anybody is held and never delivered."""
        trial.run()
        trial.source.students = 0
        [receipt] = receipts(trial.run_when_due())
        assert (receipt.state, bool(receipt.because)) == ("held", True)
        assert len(trial.imports()) == 1

    def test_a_test_file_is_sent_or_refused_and_moves_no_baseline(self, trial: Trial) -> None:
        """A test file is sent or refused as the vendor allows, and the live delivery after it is whole."""
        [receipt] = receipts(trial.run(order=Order(test=True)))
        assert receipt.state == ("confirmed" if self.ability.test_files else "refused"), receipt.because
        assert len(trial.imports()) == self.ability.test_files
        [live] = receipts(trial.run_when_due())
        assert sum(one["new"] for one in live.counts.values()) >= trial.source.students

    def test_no_cell_and_no_secret_is_told(
        self, trial: Trial, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """No cell and no secret is in a log, in what is printed, in the ledger, or in a file left behind."""
        # Below INFO the libraries of a connector may tell what goes over the wire; nobody turns that on unasked.
        caplog.set_level("INFO")
        trial.source.cells[1, self.ability.changing] = "Zqx\x7f" * 200
        trial.run()
        trial.source.cells[0, self.ability.changing] = "Zqxchanged"
        trial.run_when_due()
        if self.ability.credentials:
            trial.run(overrides=trial.wrong_secrets())
        said = capfd.readouterr()
        assert leaks(trial, [caplog.text, said.out, said.err]) == []

    def test_every_file_is_its_owners_alone(self, trial: Trial) -> None:
        """Every file of the state and every temporary one is readable by its owner alone, while sending and after."""
        watch = dying.Watch(lambda: len(open_to_others(trial)))
        trial.run(meddle=watch.over)
        assert open_to_others(trial) == []
        assert sum(watch.before) == 0, "a file was open to others while it was sent"


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
