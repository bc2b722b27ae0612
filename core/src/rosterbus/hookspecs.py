"""Everything a plugin can be asked: the architecture of rosterbus on one page.

A connector is a module. Beside hooks it may have `Settings` (a `rosterbus.settings.Settings` schema) and `layouts` (a
tuple of layouts, or a function of the settings that gives one). `extract`, `map`, `address`, `load`, `reconcile`,
`job`, `feedback`, `probe` and `twin` are asked of one named connector alone; `validate`, `judge`, `report` and
`notify` of everyone in the pipeline. An extension with `validate` or `judge` is a plugin of rules: a pipeline names it
as ``[rules.<name>]``, and it is asked with the settings that stand there. Hooks must not print, must not log cell
values, and raise `ConnectorError` (final) or `RetriableError` (the next run goes on) for what the other side did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import pluggy

if TYPE_CHECKING:
    import click

    from rosterbus.deliveries import Address, Delivery, Feedback, Job, Loaded, Probe, Reconciled, Twin
    from rosterbus.extracts import Extract, Mapped, Nothing, RawTable, SourceState, Unchanged
    from rosterbus.findings import Finding, Rule
    from rosterbus.layouts import LayoutSpec
    from rosterbus.notices import Notice
    from rosterbus.plan.view import PlanView
    from rosterbus.reports import Run

API_VERSION = 1
PROJECT = "rosterbus"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The hook specifications of connector API version 1."""

    @hookspec
    def extract(self, settings: Any, state: SourceState) -> Extract | Unchanged | Nothing:
        """Read the system and answer with raw tables and, for each, its completeness with proof.

        One bad row is never an error here; an unreadable package is a `ConnectorError`.
        """
        raise NotImplementedError

    @hookspec
    def map(self, settings: Any, tables: Mapping[str, RawTable]) -> Mapped:
        """Give the SQL that makes roster relations of the raw tables. Trusted; runs in the locked engine."""
        raise NotImplementedError

    @hookspec
    def validate(self, layout: LayoutSpec, settings: Any) -> Sequence[Rule]:
        """Add predicates over one layout's rendered rows. Asked of every plugin in the pipeline.

        `settings` are those of the delivery; of rules that the pipeline names, those of the rules.
        """
        raise NotImplementedError

    @hookspec
    def judge(self, plan: PlanView, settings: Any) -> Sequence[Finding]:
        """Judge a whole plan, before it is staged and again when it is applied. Must only look.

        `settings` are those of the delivery, or the rules' own; `plan.settings` are always the delivery's.
        """
        raise NotImplementedError

    @hookspec
    def address(self, delivery: Delivery, settings: Any) -> Address:
        """Name the target and every remote file. A pure function of its arguments: no network.

        Asked for a preview when planning, and once for good at the intent; the answer then belongs to the
        plan for ever. Must avoid names for which `delivery.is_taken` is true.
        """
        raise NotImplementedError

    @hookspec
    def load(self, delivery: Delivery, settings: Any) -> Loaded:
        """Send. May be called again for the same address after any interruption, and must then continue.

        Calls `delivery.about_to_send()` right before the step that cannot be taken back.
        """
        raise NotImplementedError

    @hookspec
    def reconcile(self, delivery: Delivery, settings: Any) -> Reconciled:
        """Find out what became of a delivery that ended in doubt, or whether the vendor has processed it since.

        `Done(outcome=...)` moves the outcome; changes nothing at the vendor.
        """
        raise NotImplementedError

    @hookspec
    def job(self, delivery: Delivery, settings: Any, order: Literal["status", "cancel"]) -> Job:
        """Ask the vendor about the job that works this delivery off, or cancel it. ``status`` changes nothing."""
        raise NotImplementedError

    @hookspec
    def feedback(self, file: Path, delivery: Delivery, settings: Any, chosen: str) -> Feedback:
        """Read the vendor's own report about `delivery` from a file that a person brought.

        `chosen` is the remote name, or a part of it, of the uploaded file that the person says it is about, blank
        where nothing was said. Raises ConfigError where the file is no such report, or where it must be said.
        """
        raise NotImplementedError

    @hookspec
    def probe(self, settings: Any) -> Sequence[Probe]:
        """Test connection and credentials without changing anything anywhere."""
        raise NotImplementedError

    @hookspec
    def report(self, run: Run, folder: Path) -> Sequence[Path]:
        """Write this format's report files of a run into `folder`."""
        raise NotImplementedError

    @hookspec
    def notify(self, notice: Notice, settings: Any) -> None:
        """Tell people of a change of state. Counts only."""
        raise NotImplementedError

    @hookspec
    def twin(self, folder: Path, settings: Mapping[str, Any]) -> Twin:
        """Start the vendor's stand-in on loopback, on free ports, with its files in `folder`.

        `settings` are the delivery's or the source's own as written (secrets unread), so that the twin can mirror
        names and folders; empty when started alone. A source that reads files needs no twin.
        """
        raise NotImplementedError

    @hookspec
    def commands(self) -> Sequence[click.Command]:
        """Add commands; `connector.toml` names them, so that `--help` lists them without importing anything."""
        raise NotImplementedError

    @hookspec
    def open(self, location: str, transport: Mapping[str, Any]) -> BinaryIO:
        """A transport opens `location` (of its URL scheme) for reading."""
        raise NotImplementedError

    @hookspec
    def put(self, path: Path, location: str, transport: Mapping[str, Any]) -> Mapping[str, Any]:
        """A transport writes a local file to `location`, whole or not at all, and answers with evidence."""
        raise NotImplementedError

    @hookspec
    def list(self, location: str, transport: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
        """A transport lists the names below `location`, with sizes; empty if `location` is one file."""
        raise NotImplementedError
