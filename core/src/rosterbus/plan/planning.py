"""Plans one delivery of an extracted roster: rendered, judged, compared, staged, and given a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rosterbus.deliveries import Address, StagedFile
from rosterbus.engine import literal
from rosterbus.errors import ConfigError
from rosterbus.findings import Finding, Rule
from rosterbus.plan.baseline import Baseline, LoadedBaseline, load_baseline
from rosterbus.plan.compilation import CompiledColumn, CompiledLayout, Recipe
from rosterbus.plan.difference import Difference, SchoolCounts, compare
from rosterbus.plan.extraction import Extracted
from rosterbus.plan.families import keep_families
from rosterbus.plan.refusals import Refusals, count_refused, keep_retold, recall, tell_refused
from rosterbus.plan.rejections import (
    has_ids,
    keep_extract_problems,
    keep_problems,
    keep_rejected,
    newly_rejected,
    problems_by_column,
)
from rosterbus.plan.relations import Roster
from rosterbus.plan.rendering import PROBLEMS, Rendered, apply_law, joined_key, render_layout
from rosterbus.plan.schools import keep_schools
from rosterbus.plan.staging import keep_changes, keep_crosswalk, keep_next_baseline, stage
from rosterbus.plan.stored import FILES, StoredLayout, StoredPlan, content_hash
from rosterbus.plan.tally import moves_anything, tally
from rosterbus.plan.verdict import Verdict, give_verdict, limits, warned
from rosterbus.plan.view import Counts, LayoutView
from rosterbus.private import private_folder

if TYPE_CHECKING:
    from rosterbus.context import RunContext
    from rosterbus.project import DeliveryPart


@dataclass(frozen=True)
class Order:
    """What is asked for: a live or a test file, for everybody or for one key alone, with or without removals."""

    test: bool = False
    only: str | None = None
    without_removals: bool = False

    @property
    def removes(self) -> bool:
        """Whether what is missing from the roster counts as gone."""
        return self.only is None and not self.without_removals


@dataclass(frozen=True)
class Subject:
    """The delivery to plan: its connector's settings, its compiled layouts and the roster corrections they read."""

    spec: DeliveryPart
    settings: Any
    guarantee: str
    layouts: Sequence[CompiledLayout]
    corrections: Mapping[str, Mapping[str, CompiledColumn]]


@dataclass
class Draft:
    """One layout on its way through a plan. `baseline` is None where nobody knows what the vendor holds."""

    rendered: Rendered
    recipe: Recipe
    baseline: Baseline | None
    loaded: LoadedBaseline
    warnings: list[tuple[Rule, int]]
    difference: Difference
    counts: Counts = field(default_factory=Counts)


class Planning:
    """The making of one plan. `make` does it all; the ledger gets it, and nothing else changes anywhere."""

    def __init__(
        self, context: RunContext, extracted: Extracted, roster: Roster, *, subject: Subject, order: Order
    ) -> None:
        self.context, self.extracted, self.roster = context, extracted, roster
        self.subject, self.order = subject, order
        self.connection = extracted.connection
        self.id = context.ledger.plans.new_id()
        self.folder = private_folder(context.plans_folder / self.id)

    def make(self) -> StoredPlan:
        """Plan, judge, keep."""
        self._refuse_order()
        self._clear()
        drafts = self._draft()
        moves = self.order.test or any(
            moves_anything(draft.rendered, draft.difference) for draft in drafts.values()
        )
        self._count(drafts, moves=moves)
        views = {name: self._view(draft) for name, draft in drafts.items()}
        files = self._stage(drafts) if moves else []
        moves = bool(files)
        address = self.context.preview_address(self.subject, self.id, files, test=self.order.test)
        findings = [*self._found(drafts), *limits(views, files), *self._judged(views, files, address)]
        rejected = sum(draft.counts.rejected for draft in drafts.values())
        verdict = give_verdict(findings, moves=moves, rejected=rejected)
        keep_extract_problems(self.connection, self.folder)
        keep_schools(self.connection, self.folder)
        layouts = tuple(self._keep_layout(draft, files) for draft in drafts.values())
        return self._keep(layouts, files, address, findings=findings, verdict=verdict)

    def _refuse_order(self) -> None:
        by_vendor = ("deleted", "deactivated")
        removing = [one.spec for one in self.subject.layouts if one.spec.absence in by_vendor]
        if not self.order.removes and removing:
            option = "--only" if self.order.only is not None else "--without-removals"
            msg = f"what is missing from `{removing[0].name}` is {removing[0].absence} by the vendor, whatever we want"
            raise ConfigError(msg, key=option)

    def _clear(self) -> None:
        for schema in ("work", "baseline", "former"):
            self.connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            self.connection.execute(f"CREATE SCHEMA {schema}")
        self.connection.execute(PROBLEMS)

    def _draft(self) -> dict[str, Draft]:
        rendered = {}
        warnings = {}
        for compiled in self.subject.layouts:
            one = self._render(compiled)
            rules = [*compiled.spec.rules, *self.context.rules(compiled.spec, self.subject.settings)]
            warnings[compiled.spec.name] = apply_law(self.connection, one, self.roster, rules)
            rendered[compiled.spec.name] = one
        if self.order.only is not None and all(one.read == one.filtered for one in rendered.values()):
            raise ConfigError("no layout has a row with this key", key="--only")
        keep_families(self.connection, rendered, self.roster)
        return {name: self._compare(one, rendered, warnings[name]) for name, one in rendered.items()}

    def _render(self, compiled: CompiledLayout) -> Rendered:
        if self.order.only is not None:
            key = joined_key([compiled.column(name).sql for name in compiled.spec.key])
            keyed = f"({compiled.where or 'true'}) AND {key} = {literal(self.order.only)}"
            compiled = replace(compiled, where=keyed)
        vendors = {self.subject.spec.name, self.subject.spec.connector}
        return render_layout(self.connection, compiled, self.roster, name=compiled.spec.name, vendors=vendors)

    def _compare(
        self, one: Rendered, all_of_them: Mapping[str, Rendered], warnings: list[tuple[Rule, int]]
    ) -> Draft:
        spec = one.layout.spec
        baseline = None if self.order.test else self.context.baseline(self.subject.spec, spec.name)
        part = self.subject.spec
        unknown = Baseline("", part.baseline, None, None, self.context.digest_key)
        loaded = load_baseline(self.connection, baseline or unknown, spec, kind=part.baseline)
        if spec.absence == "explicit" and loaded.baseline.kind == "digests":
            msg = f"who is missing from `{spec.name}` is sent as a row, and a baseline of digests can name nobody"
            at = (*part.key_path, "baseline")
            raise self.context.pipeline.error(at, msg, found="digests", allowed=["values"])
        corrections = self.subject.corrections.get(one.relation, {})
        # What the pipeline asks for here and now is no part of the mapping.
        mapping = next(layout for layout in self.subject.layouts if layout.spec.name == spec.name)
        recipe = mapping.recipe(self.roster.relations[one.relation].sql, corrections)
        parent = all_of_them.get(spec.within) if spec.within else None
        difference = compare(self.connection, one, loaded, recipe, parent=parent, removals=self.order.removes)
        self._recall(one, loaded, difference)
        return Draft(one, recipe, baseline, loaded, warnings, difference)

    def _recall(self, one: Rendered, loaded: LoadedBaseline, difference: Difference) -> None:
        """Tell again what the vendor refused, and was told of no better since; a test file has no past."""
        known = (
            Refusals() if self.order.test else self.context.refusals(self.subject.spec, one.layout.spec.name)
        )
        recall(self.connection, one, loaded, known)
        tell_refused(self.connection, one, self.roster)
        if self.order.only is None:
            difference.refused = count_refused(self.connection, one)

    def _count(self, drafts: Mapping[str, Draft], *, moves: bool) -> None:
        """The balance of each layout; where one file must go, all of the delivery's files go."""
        for name, draft in drafts.items():
            known = self.context.rejected_before(self.subject.spec, name)
            newly = self._newly_rejected(draft, known, "_school", draft.difference.schools)
            if draft.rendered.graded:
                self._newly_rejected(draft, known, "_grade", draft.difference.grades)
            draft.counts = tally(
                self.connection, draft.rendered, draft.difference, newly_rejected=newly, staged=moves
            )

    def _newly_rejected(
        self, draft: Draft, known: Path | None, group: str, counts: dict[str, SchoolCounts]
    ) -> int:
        secret = self.context.digest_key
        newly = newly_rejected(self.connection, draft.rendered, known, secret=secret, by=group)
        for one, count in newly.items():
            counts.setdefault(one, SchoolCounts()).rejected = count
        return sum(newly.values())

    def _view(self, draft: Draft) -> LayoutView:
        spec = draft.rendered.layout.spec
        return LayoutView(
            spec=spec,
            counts=draft.counts,
            difference=draft.difference,
            has_baseline=draft.baseline is not None,
            completeness=self.roster.completeness[spec.rows],
            columns=draft.rendered.layout.compared,
            _connection=self.connection,
            _rendered=draft.rendered,
            _loaded=draft.loaded,
        )

    def _stage(self, drafts: Mapping[str, Draft]) -> list[StagedFile]:
        folder = private_folder(self.folder / FILES)
        files: list[StagedFile] = []
        for draft in drafts.values():
            self.context.progress(f"writing {draft.rendered.layout.spec.file}")
            staged = stage(self.connection, draft.rendered, draft.loaded, folder)
            draft.counts.leaver_rows = staged.leaver_rows
            files += staged.files
        return files

    def _found(self, drafts: Mapping[str, Draft]) -> list[Finding]:
        of_rules = (one for draft in drafts.values() for one in warned(draft.rendered, draft.warnings))
        return [*self.extracted.findings, *of_rules]

    def _judged(
        self, views: Mapping[str, LayoutView], files: Sequence[StagedFile], address: Address
    ) -> list[Finding]:
        view = self.context.view(
            self.subject.spec,
            settings=self.subject.settings,
            target=address.target,
            layouts=views,
            files=files,
            test=self.order.test,
            extracted=self.extracted,
        )
        return self.context.judged(view, self.subject.spec)

    def _keep_layout(self, draft: Draft, files: Sequence[StagedFile]) -> StoredLayout:
        spec = draft.rendered.layout.spec
        keep_rejected(self.connection, draft.rendered, self.folder, secret=self.context.digest_key)
        keep_problems(self.connection, draft.rendered, self.folder)
        next_baseline = None
        if files:
            own = [(place, file) for place, file in enumerate(files) if file.layout == spec.name]
            keep_crosswalk(self.connection, draft.rendered, self.roster, self.folder, files=own)
            keep_changes(self.connection, draft.rendered, draft.loaded, self.folder)
            next_baseline = keep_next_baseline(
                self.connection, draft.rendered, draft.loaded, self.folder
            ).name
            keep_retold(self.connection, draft.rendered, self.context.ledger.state_dir, self.id)
        completeness = self.roster.completeness[spec.rows]
        difference = asdict(draft.difference)
        return StoredLayout(
            name=spec.name,
            lead=self.roster.files.get(self.roster.relations[spec.rows].lead, ""),
            counts=draft.counts.as_json(),
            completeness=completeness.level,
            proof=completeness.proof,
            baseline=draft.baseline.version if draft.baseline else None,
            baseline_kind=draft.loaded.baseline.kind,
            next_baseline=next_baseline,
            recipe=self._next_recipe(draft).as_json(),
            difference=difference,
            problems=problems_by_column(self.connection, spec.name),
            has_ids=has_ids(draft.rendered.layout),
        )

    def _next_recipe(self, draft: Draft) -> Recipe:
        """The recipe of the next baseline: one record alone does not make all others anew."""
        former = draft.loaded.baseline.recipe
        return former if self.order.only is not None and former else draft.recipe

    def _newly_unreadable(self) -> int:
        last = self.context.last_ended(self.subject.spec)
        return max(0, self.extracted.unreadable - (last.unreadable if last else 0))

    def _keep(
        self,
        layouts: tuple[StoredLayout, ...],
        files: list[StagedFile],
        address: Address,
        *,
        findings: list[Finding],
        verdict: Verdict,
    ) -> StoredPlan:
        versions = {layout.name: layout.baseline for layout in layouts}
        recipes = {layout.name: layout.recipe for layout in layouts}
        spec = self.subject.spec
        plan = StoredPlan(
            id=self.id,
            pipeline=self.context.pipeline.name,
            delivery=spec.name,
            connector=spec.connector,
            guarantee=self.subject.guarantee,
            target=address.target,
            created=self.context.now,
            test=self.order.test,
            whole=self.order.only is None,
            verdict=verdict.verdict,
            due=verdict.due,
            because=verdict.because,
            hash=content_hash(files, versions, recipes, target=address.target, test=self.order.test),
            folder=self.folder,
            files=tuple(files),
            remote=address.files,
            layouts=layouts,
            findings=tuple(findings),
            raw=self.extracted.raw,
            headers={name: list(table.columns) for name, table in self.extracted.tables.items()},
            newly_unreadable=self._newly_unreadable(),
            as_of=self.extracted.as_of,
        )
        plan.save()
        self.context.keep_plan(plan)
        return plan
