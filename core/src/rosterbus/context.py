"""What one run works with: the project, the pipeline, the ledger, exactly its plugins, and the clock."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Address, Delivery, StagedFile
from rosterbus.errors import ConfigError, PluginError
from rosterbus.findings import Finding, Rule
from rosterbus.layouts import LayoutSpec
from rosterbus.ledger import Ledger
from rosterbus.ledger.records import DeliveryRecord, PlanRecord
from rosterbus.plan.baseline import Baseline
from rosterbus.plan.compilation import Recipe
from rosterbus.plan.extraction import Extracted, lost_columns
from rosterbus.plan.planning import Subject
from rosterbus.plan.refusals import Refusals, refusals
from rosterbus.plan.rejections import rejected_file
from rosterbus.plan.stored import StoredPlan
from rosterbus.plan.view import LayoutView, PlanView
from rosterbus.plugins import Plugins
from rosterbus.private import open_private, private_folder, write_private_text
from rosterbus.project import DeliveryPart, Pipeline, Project, validate_settings
from rosterbus.rulings import asked
from rosterbus.settings import Values

Progress = Callable[[str], None]
OVERDUE = "overdue"
"""The rule that tells of a delivery which the vendor has not taken in the time it says it needs."""
UNSETTLED = "unsettled delivery"
"""The rule that holds what comes after a delivery which waits for a person."""
WAITS = "nobody has said yet that it was uploaded, and so nobody knows what the vendor holds"


@dataclass
class RunContext:
    """One run of one pipeline. `token` is the run's id in the ledger, by which its writes are fenced.

    `twins` holds, in a rehearsal, the settings that send a delivery to its twin.
    """

    project: Project
    pipeline: Pipeline
    ledger: Ledger
    plugins: Plugins
    now: datetime
    token: int
    progress: Progress
    twins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extracts: Path | None = None
    """Where the copies of the source's files lie, if not in the state; then nothing is fetched any more."""
    rule_settings: Mapping[str, Values] = field(default_factory=dict)
    """The settings of the pipeline's rules plugins, by their full names."""
    _told: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    @property
    def plans_folder(self) -> Path:
        """Where plans are kept."""
        return private_folder(self.ledger.state_dir / "plans")

    @property
    def folder(self) -> Path:
        """The private folder of this run."""
        return private_folder(self.ledger.state_dir / "runs" / str(self.token))

    @cached_property
    def digest_key(self) -> str:
        """The secret of this project that keyed digests are made with; made once."""
        path = self.ledger.state_dir / "digest.key"
        if not path.exists():
            made = write_private_text(path.with_suffix(f".{self.token}"), secrets.token_hex(32))
            try:
                # Two first runs at once must agree: neither of these replaces a file that is there.
                (os.link if os.name == "posix" else os.rename)(made, path)
            except FileExistsError:
                pass
            finally:
                made.unlink(missing_ok=True)
        return path.read_text(encoding="utf-8")

    def settings(self, spec: DeliveryPart) -> Values:
        """A delivery's settings, checked by its connector; in a rehearsal those that lead to the twin."""
        schema = self.plugins[f"destination:{spec.connector}"].module.Settings
        raw = {**spec.settings, **self.twins.get(spec.name, {})}
        return validate_settings(schema, raw, self.pipeline, spec.key_path)

    def delivery(self, plan: StoredPlan, record: DeliveryRecord, *, at: datetime | None = None) -> Delivery:
        """What the connector is handed. Its `at` is the moment of the intent, or `at` before there is one."""
        moment = (record.intent_at or at or self.now).astimezone(self.now.tzinfo)
        ledger, token = self.ledger, self.token
        return Delivery(
            id=record.id,
            plan=plan.id,
            pipeline=plan.pipeline,
            name=plan.delivery,
            files=plan.files,
            at=moment,
            test=plan.test,
            is_taken=lambda name: ledger.deliveries.is_taken(plan.target, name, plan.id),
            mark_sent=lambda *noted: ledger.deliveries.mark_sent(record.id, *noted, token=token),
            progress=self._by_tenths,
            keep=lambda name, content: self.keep_answer(record.id, name, content),
            state=record.state,
            was_sent=record.sent_at is not None,
            address=record.address,
            evidence=record.evidence,
        )

    def keep_answer(self, delivery: str, name: str, content: bytes) -> Path:
        """Keep what a vendor answered, as it came, among the answers of this run; an earlier one stays."""
        from rosterbus.delivery.purging import ANSWERS

        folder = private_folder(self.folder / ANSWERS)
        number = sum(1 for _ in folder.iterdir()) + 1
        path = folder / f"{number:03}.{delivery}.{name}"
        with open_private(path, "xb") as file:
            file.write(content)
        return path

    def _by_tenths(self, name: str, done: int, total: int) -> None:
        """Tell of a file on its way ten times at the most, however small the pieces are that it goes in."""
        tenth = 10 * done // total if total else 10
        if self._told.get(name) != tenth:
            self._told[name] = tenth
            self.progress(f"{name}: {done:,} of {total:,} bytes")

    def preview_address(
        self, subject: Subject, plan: str, files: Sequence[StagedFile], *, test: bool
    ) -> Address:
        """Where this plan would go if it went now. Nothing is fixed by asking."""
        target = ""

        def is_taken(name: str) -> bool:
            return bool(target) and self.ledger.deliveries.is_taken(target, name, plan)

        def never() -> None:
            msg = "`address` may not send anything"
            raise RuntimeError(msg)

        delivery = Delivery(
            id=f"{plan}-0",
            plan=plan,
            pipeline=self.pipeline.name,
            name=subject.spec.name,
            files=files,
            at=self.now,
            test=test,
            is_taken=is_taken,
            mark_sent=never,
            progress=lambda *_: None,
            keep=lambda *_: never(),
        )
        address = self.address(subject.spec, delivery, subject.settings)
        target = address.target
        return self.address(subject.spec, delivery, subject.settings)

    def address(self, spec: DeliveryPart, delivery: Delivery, settings: Values) -> Address:
        """Where the connector says that a delivery goes; raises PluginError where that is no answer."""
        plugin = f"destination:{spec.connector}"
        address = self.plugins.call(
            plugin, "address", step="naming the target", delivery=delivery, settings=settings
        )
        if not isinstance(address, Address) or len(address.files) != len(delivery.files):
            msg = f"{self.plugins[plugin]} did not answer with an Address of one name for each file"
            raise PluginError(msg)
        return address

    def rules(self, layout: LayoutSpec, settings: Values) -> list[Rule]:
        """The predicates that plugins add to a layout."""
        rules: list[Rule] = []
        for plugin in self.plugins.names:
            if self.plugins.implements(plugin, "validate"):
                own = self.rule_settings.get(plugin, settings)
                rules += asked(
                    self.plugins, plugin, "validate", Rule, step="validating", layout=layout, settings=own
                )
        return rules

    def baseline(self, spec: DeliveryPart, layout: str) -> Baseline | None:
        """What the vendor is believed to hold of a layout; None where nobody ever said."""
        record = self.ledger.baselines.current(self.pipeline.name, spec.name).get(layout)
        if record is None:
            return None
        if record.path is not None and not record.path.is_file():
            msg = (
                f"the baseline of {spec.name} ({layout}) is lost; say what the vendor holds: "
                f"rosterbus baseline {self.pipeline.name} --deliver {spec.name} --from FILE"
            )
            raise ConfigError(msg, file=record.path)
        recipe = Recipe.from_json(json.dumps(dict(record.recipe))) if record.recipe else None
        kind = record.kind if record.path is not None else spec.baseline
        return Baseline(record.version, kind, record.path, recipe, self.digest_key)

    def last_ended(self, spec: DeliveryPart) -> StoredPlan | None:
        """The last whole plan of this delivery that came to a good end: what a new one is judged against."""
        for record in self.ledger.plans.latest(100, pipeline=self.pipeline.name, delivery=spec.name):
            ended = record.state == "delivered" or record.verdict == "nothing new"
            if ended and not record.test:
                plan = StoredPlan.load(record.folder)
                if plan.whole:
                    return plan
        return None

    def rejected_before(self, spec: DeliveryPart, layout: str) -> Path | None:
        """The rejected rows of the last plan of this delivery that came to its end."""
        last = self.last_ended(spec)
        file = rejected_file(last.folder, layout) if last else None
        return file if file and file.is_file() else None

    def refusals(self, spec: DeliveryPart, layout: str) -> Refusals:
        """What the vendor's own reports said of earlier deliveries, as long as reports are kept."""
        since = self.now - timedelta(days=self.project.retention.report_days)
        return refusals(self.ledger, self.pipeline.name, spec.name, layout, since=since)

    def view(
        self,
        spec: DeliveryPart,
        *,
        settings: Values,
        target: str,
        layouts: Mapping[str, LayoutView],
        files: Sequence[StagedFile],
        test: bool,
        extracted: Extracted | None,
    ) -> PlanView:
        """The plan as rules see it."""
        last = self.last_ended(spec)
        return PlanView(
            pipeline=self.pipeline.name,
            delivery=spec.name,
            connector=spec.connector,
            target=target,
            now=self.now,
            test=test,
            layouts=layouts,
            files=files,
            sent=self._local(self.ledger.deliveries.sent_times(target)),
            own_sent=self._local(
                self.ledger.deliveries.sent_times(target, pipeline=self.pipeline.name, delivery=spec.name)
            ),
            guards=spec.guards,
            expects=self.pipeline.expects,
            extract_findings=extracted.findings if extracted else (),
            unreadable=extracted.unreadable if extracted else 0,
            as_of=extracted.as_of if extracted else None,
            last_as_of=last.as_of if last and extracted else None,
            lost_columns=lost_columns(extracted.tables, last.headers) if last and extracted else {},
            settings=settings,
        )

    def _local(self, moments: Sequence[datetime]) -> list[datetime]:
        return [moment.astimezone(self.now.tzinfo) for moment in moments]

    def judged(self, view: PlanView, spec: DeliveryPart) -> list[Finding]:
        """What the core's rules, the plugins' and this vendor's own say of a plan."""
        own = f"destination:{spec.connector}"
        found = [*self.unsettled(spec), *self._overdue(spec)] if not view.test else []
        for plugin in self.plugins.names:
            concerned = plugin == own or not plugin.startswith("destination:")
            if concerned and self.plugins.implements(plugin, "judge"):
                settings = self.rule_settings.get(plugin, view.settings)
                found += asked(
                    self.plugins, plugin, "judge", Finding, step="judging", plan=view, settings=settings
                )
        return found

    def unsettled(self, spec: DeliveryPart) -> list[Finding]:
        """The deliveries of this name that wait for a person: while they do, nothing more is sent."""
        held = [
            one
            for one in self.ledger.deliveries.held(self.pipeline.name)
            if one.name == spec.name and not one.test
        ]
        return [
            Finding(
                "hold",
                UNSETTLED,
                f"delivery {one.id} is held: {one.reason}",
                cause=WAITS
                if one.waits
                else "nobody knows what became of it, and so nobody knows what the vendor holds",
                if_nothing="nothing more is sent to this vendor",
                if_wrong=f"rosterbus settle {one.id} --arrived | --not-arrived --by NAME --reason TEXT"
                + (f", or rosterbus report {one.id} --import FILE" if one.waits else ""),
            )
            for one in held
        ]

    def _overdue(self, spec: DeliveryPart) -> Sequence[Finding]:
        last = self.ledger.deliveries.last_confirmed(self.pipeline.name, spec.name)
        if last is None or last.outcome not in ("unknown", "running") or not last.evidence.get("overdue"):
            return ()
        since = f"{last.sent_at.astimezone(self.now.tzinfo):%Y-%m-%d %H:%M}" if last.sent_at else "long ago"
        sentence = f"delivery {last.id} went {since}, and the vendor has not taken it yet"
        return [
            Finding("warn", OVERDUE, sentence, if_wrong="ask the vendor; the next file can go all the same")
        ]

    def keep_plan(self, plan: StoredPlan) -> None:
        """Write a plan to the ledger; the plans that it supersedes lose their staged files."""
        record = PlanRecord(
            id=plan.id,
            run=self.token,
            pipeline=plan.pipeline,
            delivery=plan.delivery,
            target=plan.target,
            hash=plan.hash,
            created_at=plan.created,
            verdict=plan.verdict,
            state="staged" if plan.files and plan.verdict != "refused" else "ended",
            folder=plan.folder,
            test=plan.test,
            summary={
                "because": plan.because,
                "layouts": {one.name: dict(one.counts) for one in plan.layouts},
            },
        )
        from rosterbus.delivery.purging import purge_staged

        for superseded in self.ledger.plans.record(record):
            purge_staged(superseded.folder, delivered=False)
