"""What a destination is given to deliver, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class StagedFile:
    """One file as it will be sent, byte for byte. `name` is the layout's file name, `path` the private copy.

    Of a layout that is split there are several of one name: `split` holds the roster values that all rows of this
    one share, by roster column, and `number` counts the files of the same values, from 1.
    """

    name: str
    layout: str
    path: Path
    rows: int
    bytes: int
    sha256: str
    split: Mapping[str, str] = field(default_factory=dict)
    number: int = 1


@dataclass(frozen=True)
class Address:
    """Where a delivery goes. `files` are the remote names, one for each staged file, in their order.

    `target` identifies what is written to, without secrets ("s3://bucket/folder", "sftp://host:22/upload"): locks,
    time rules and name uniqueness go by it. `marker` is the remote name of the signal that is written last. A remote
    name belongs to one plan for ever, unless the delivery `overwrites`: then to one delivery of one pipeline, each of
    whose plans takes the place of the one before.
    """

    target: str
    files: tuple[str, ...]
    marker: str | None = None
    overwrites: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every remote name, that of the marker last."""
        return self.files if self.marker is None else (*self.files, self.marker)


@dataclass
class Delivery:
    """One plan on its way to one target.

    `at` is the moment of the intent in the pipeline's time zone. `is_taken(name)` tells whether a remote name already
    belongs to another plan. `was_sent` is true when an earlier attempt of this very delivery had declared
    `about_to_send`: only then may an "exists already" answer be believed to be ours.
    """

    id: str
    plan: str
    pipeline: str
    name: str
    files: Sequence[StagedFile]
    at: datetime
    test: bool
    is_taken: Callable[[str], bool]
    mark_sent: Callable[..., None]
    progress: Callable[[str, int, int], None]
    keep: Callable[[str, bytes], object]
    """Keeps what the vendor answered, privately with the run, under a file name; nothing of it is printed."""
    state: str = "staged"
    was_sent: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What earlier steps of this very delivery noted."""
    address: Address | None = None

    @property
    def addressed(self) -> Address:
        """The address, which is fixed from the intent on."""
        if self.address is None:
            msg = "the address of a delivery is read before it was fixed"
            raise RuntimeError(msg)
        return self.address

    def named_by_second(self, address: Callable[[datetime], Address]) -> Address:
        """The first of these addresses, second by second from `at` on, of which no name belongs to another plan.

        `address` is given a moment in the pipeline's time zone, and tells where the delivery would go in that second.
        """
        moment = self.at.astimezone(UTC)
        while True:
            # Counted in UTC: a clock passes through one hour twice in autumn, and has none of another in spring.
            found = address(moment.astimezone(self.at.tzinfo))
            if not any(map(self.is_taken, found.names)):
                return found
            moment += timedelta(seconds=1)

    def about_to_send(self, evidence: Mapping[str, Any] | None = None) -> None:
        """Record, durably, that from now on the vendor may have taken the delivery.

        Call it right before the step that cannot be taken back: the PUT, the marker, the POST. `evidence` is recorded
        in the same instant, for `reconcile` to find: what the vendor looked like before that step.
        """
        if evidence is None:
            self.mark_sent()
        else:
            self.mark_sent(evidence)


Outcome = Literal["unknown", "running", "processed", "partly", "not processed"]


@dataclass(frozen=True)
class Done:
    """The vendor has it, and this proves it (ETag, sizes, an answer). Never a cell value, never a secret.

    `outcome` is what is known of the vendor's own processing.
    """

    evidence: Mapping[str, Any]
    outcome: Outcome = "unknown"


@dataclass(frozen=True)
class Handed:
    """It lies at `where`, for a person to take it on: nothing of it counts as delivered until that is settled, or
    the vendor's report is read. `steps` are what that person does, in order, each one sentence.
    """

    where: str
    steps: Sequence[str]
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NotStarted:
    """Nothing of this delivery can have reached the vendor."""


@dataclass(frozen=True)
class Partly:
    """Some of it arrived; calling `load` again with the same address continues."""

    what: str


@dataclass(frozen=True)
class Unsure:
    """Nobody can know; a person has to settle it. `why` is one sentence."""

    why: str


Loaded = Done | Handed | Partly | Unsure
Reconciled = Done | NotStarted | Partly | Unsure


@dataclass(frozen=True)
class Job:
    """What the vendor says of the job that works a delivery off.

    `state` is the job's, `outcome` what that means for this delivery, `sentence` what a person reads. After a cancel
    that left some of it undone the outcome is ``partly``, or ``not processed`` where nothing had been done.
    """

    state: Literal["none", "running", "completed", "canceled", "unknown"]
    outcome: Outcome
    sentence: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class VendorError:
    """One error of a vendor's own report, about one row of one uploaded file.

    `row` counts in that file, header = row 1; None where the report gives only `key`, the row's key as one text.
    `file` is the place of the file in `Delivery.files`; None where the report does not tell.
    """

    column: str
    message: str
    row: int | None = None
    key: str = ""
    file: int | None = None


@dataclass(frozen=True)
class Feedback:
    """A vendor's report, read: which rows of `layout` it refused, and what that makes of the files it is about.

    `files` are their places in `Delivery.files`. A row with an error that was not refused has no place here.
    """

    layout: str
    errors: Sequence[VendorError]
    files: Sequence[int]
    outcome: Outcome


@dataclass(frozen=True)
class Probe:
    """What a connection test found out. `state` is of the credential or the connection named by `what`."""

    what: str
    state: Literal["proved", "not provable without sending", "failed"]
    sentence: str


@dataclass(frozen=True)
class TwinAnswer:
    """One behaviour of a twin, and how it is known."""

    behaviour: str
    known: Literal["published", "observed", "assumed"]
    source: str


@dataclass(frozen=True)
class Seen:
    """One thing that a twin saw happen. `name` is a remote name; a cell value or a secret stands nowhere.

    `what` is a word such as ``connected, logged in, wrote, renamed, marked, posted, answered``. `sha256` is that of the
    bytes that lay under `name` afterwards, blank where nothing was written.
    """

    at: datetime
    what: str
    name: str = ""
    bytes: int = 0
    sha256: str = ""


Fault = Callable[[], AbstractContextManager[Any]]
"""Begins to misbehave when entered, and is as before afterwards."""


@dataclass
class Twin:
    """A vendor's end point on this machine, running until `stop` is called.

    `settings` are merged over a delivery's own settings so that it goes to the twin (secrets included, as
    references). `reach` are lines that tell a person how to look into it. `settle()` lets the vendor work off
    what arrived, now, and answers with its analysis: one mapping per import, with counts and never a cell value.
    `stop` is safe to call twice.

    The conformance suite reads the rest. `seen()` is all that happened, the oldest first. `received(name)` gives the
    bytes that arrived under a remote name of an address, whatever the vendor made of them since; KeyError where none
    did. `port` is where the twin listens, and `through(port)` the settings that lead to it over another port of
    loopback; None for a twin without a network. `faults` are by name what the twin can do wrong: a destination's
    ``stranger`` (somebody else answers at its address, who gives a function that tells the verbs it was told, blank of
    data), ``disk full`` and ``answer lost`` (it has taken everything, and the answer never comes); a source's
    ``short page`` (a page that is not the last has fewer rows), ``clamped pages`` (each page has fewer rows than were
    asked for), ``error midway``, ``changes midway`` (once, while it is read: one person has another name), ``lost
    column``, ``zero rows``, ``repeated ids`` (one id stands twice, with other cells), ``dangling references`` (a row
    that others refer to is gone), ``gap`` (what changed since the last time is no longer known). The twin of a source
    that gives changes has `extras["change"]`: a function that gives one person another name, for good.
    """

    name: str
    settings: Mapping[str, Any]
    reach: Sequence[str]
    stop: Callable[[], None]
    settle: Callable[[], Sequence[Mapping[str, Any]]]
    answers: Sequence[TwinAnswer] = ()
    folder: Path | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
    seen: Callable[[], Sequence[Seen]] | None = None
    received: Callable[[str], bytes] | None = None
    port: int | None = None
    through: Callable[[int], Mapping[str, Any]] | None = None
    faults: Mapping[str, Fault] = field(default_factory=dict)
