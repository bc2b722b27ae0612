"""One project's ledger, opened: its parts by subject, and what concerns all of them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import TracebackType

from rosterbus.ledger import lookups, retention
from rosterbus.ledger.approvals import Approvals
from rosterbus.ledger.baselines import Baselines
from rosterbus.ledger.chain import Events
from rosterbus.ledger.clock import Clock, utc_now
from rosterbus.ledger.confirmations import Confirmations
from rosterbus.ledger.corrections import Corrections
from rosterbus.ledger.deliveries import Deliveries
from rosterbus.ledger.locks import locked
from rosterbus.ledger.notices import Notices
from rosterbus.ledger.plans import Plans
from rosterbus.ledger.records import DeliveryRecord, PlanRecord, Purge
from rosterbus.ledger.runs import Runs
from rosterbus.ledger.shares import refuse_network_share
from rosterbus.ledger.sources import Sources
from rosterbus.ledger.store import Store
from rosterbus.private import private_folder

FILE = "ledger.sqlite"


class Ledger:
    """The ledger in `state_dir`, made there if it is not yet; a context manager, closed at the end.

    Every writing method is one durable transaction. All moments are aware. Raises ConfigError where the
    folder lies on a network share, the file is no ledger, or a newer rosterbus wrote it; RetriableError where
    another process keeps it busy; RosterbusError where the disk fails.
    """

    def __init__(self, state_dir: Path, *, clock: Clock = utc_now) -> None:
        refuse_network_share(state_dir)
        self.state_dir = private_folder(state_dir)
        self._clock = clock
        self._store = Store(state_dir / FILE)
        self.runs = Runs(self._store, clock)
        self.plans = Plans(self._store, clock)
        self.approvals = Approvals(self._store, clock)
        self.deliveries = Deliveries(self._store, clock)
        self.confirmations = Confirmations(self._store, clock)
        self.corrections = Corrections(self._store, clock)
        self.baselines = Baselines(self._store, clock)
        self.sources = Sources(self._store, clock)
        self.notices = Notices(self._store, clock)
        self.events = Events(self._store)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def lock(self, target: str, pipeline: str) -> AbstractContextManager[None]:
        """Be the only writer of a target until the block or the process ends; never waits, never takes over.

        Raises RetriableError that names the holder.
        """
        return locked(self.state_dir / "locks", target, pipeline, since=self._clock())

    def find_plan(self, text: str) -> PlanRecord:
        """The plan meant by a prefix, a pipeline's name or ``last``; or ConfigError with a list."""
        return lookups.find_plan(self._store, text)

    def find_delivery(self, text: str) -> DeliveryRecord:
        """The delivery meant by a prefix, a pipeline's name or ``last``; or ConfigError with a list."""
        return lookups.find_delivery(self._store, text)

    def verify_chain(self) -> tuple[str, ...]:
        """One sentence for each place where the record was altered or deleted; empty if it is whole."""
        return self.events.verify()

    def purge(
        self, now: datetime, *, staged_days: int = 7, report_days: int = 90, ledger_years: int = 7
    ) -> Purge:
        """Delete the ledger's own rows older than `ledger_years`, and answer with the files that may go."""
        return retention.purge(
            self._store, now, staged_days=staged_days, report_days=report_days, ledger_years=ledger_years
        )
