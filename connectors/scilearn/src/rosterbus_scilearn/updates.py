"""One update from file to job: sent once, looked for where its answer is unclear, and never sent again in doubt.

mySciLEARN gives a job no number, and its status is that of the account's last one. So the status is noted before a
file goes: only what differs from it afterwards can be this delivery's.
"""

from __future__ import annotations

import posixpath
import time
from dataclasses import dataclass
from typing import Any, Literal

from rosterbus.deliveries import Delivery, Done, Job, Loaded, NotStarted, Outcome, Unsure
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.settings import Values
from rosterbus_https import AWAY, Answer, LostError

from rosterbus_scilearn.endpoint import Endpoint
from rosterbus_scilearn.settings import words_of

State = Literal["none", "running", "completed", "canceled", "unknown"]
LOOK_EVERY = 2.0
SENTENCES: dict[State, str] = {
    "none": "mySciLEARN knows of no update of this account",
    "running": "the update is still running",
    "completed": "the update is completed; students who were not updated are told by e-mail to the login alone",
    "canceled": "the update was canceled; students who had been updated by then stay updated",
    "unknown": "mySciLEARN answers in words that are not known; compare what is kept with the run with `words`",
}
SETTLE = "log in to mySciLEARN or read its e-mail, and settle this delivery"


@dataclass(frozen=True)
class Seen:
    """What the status of the account's last update says; `errors` where it tells of students not updated."""

    state: State
    errors: bool

    @property
    def ended(self) -> bool:
        """Whether nothing more will become of that update."""
        return self.state in ("completed", "canceled")

    def outcome(self, *, ours: bool) -> Outcome:
        """What it means for a delivery; that of an update that may be another's means nothing."""
        if self.state == "running":
            return "running"
        if self.state == "canceled" or self.errors:
            return "partly" if ours else "unknown"
        return "unknown"

    def evidence(self, *, ours: bool) -> dict[str, Any]:
        """What is noted of it; `ended` is the outcome where it will not change any more."""
        told = {"job": self.state, "note": SENTENCES[self.state]}
        return {**told, "ended": self.outcome(ours=ours)} if self.ended else told


@dataclass(frozen=True)
class Account:
    """The account that a delivery goes by, and what is kept of its answers."""

    endpoint: Endpoint
    delivery: Delivery
    settings: Values

    def look(self, moment: str) -> Seen:
        """Ask for the status; the answer is kept under the name of the moment."""
        answer = self.endpoint.status()
        self.keep(f"status-{moment}", answer)
        return seen_in(answer, self.settings)

    def keep(self, name: str, answer: Answer) -> None:
        """Keep an answer as it came."""
        self.delivery.keep(f"{name}.txt", answer.kept)


def seen_in(answer: Answer, settings: Values) -> Seen:
    """Read a status by its words; one that speaks of two things at once is not understood."""
    words = words_of(settings)
    found: list[State] = [
        state for state in ("completed", "running", "canceled") if answer.says(words[state])
    ]
    if answer.says(words.none):
        return Seen("none", errors=False)
    if len(found) != 1:
        return Seen("unknown", errors=False)
    return Seen(found[0], errors=found[0] == "completed" and answer.says(words.errors))


def send(account: Account) -> Loaded:
    """Send the file of a delivery, once, unless an update is running."""
    before = account.look("before")
    _refuse_busy(account, before)
    try:
        answer = _start(account, before)
    except LostError as lost:
        return _looked_for(account, before.state, str(lost))
    account.keep("start", answer)
    if 400 <= answer.code < 500 and answer.code not in AWAY:
        raise account.endpoint.refused(answer)
    words = words_of(account.settings)
    if answer.accepted and answer.says(words.started) and not answer.says(words.refused):
        return Done({**_sent(account), "answered": answer.code, "job": "running"}, outcome="running")
    why = f"{account.endpoint.host} answered {answer.code} to the update"
    if answer.accepted:
        why += ", in words that are not known (they are kept with the run; write them into `words`)"
    return _looked_for(account, before.state, why)


def find_out(account: Account) -> Done | Unsure:
    """What became of a delivery: whether it arrived, and once that is known, how far its update came."""
    delivery = account.delivery
    if delivery.state != "confirmed":
        return _judged(account, delivery.evidence.get("before"), "the answer to the update was lost")
    now, ours = account.look("later"), account.settings.only_starter
    return Done(now.evidence(ours=ours), outcome=now.outcome(ours=ours))


def without_asking(delivery: Delivery) -> Done | NotStarted | None:
    """What is known of a delivery from the ledger alone; None where mySciLEARN has to be asked."""
    if delivery.state == "confirmed":
        job = ended(delivery)
        return Done({}, outcome=job.outcome) if job else None
    return None if delivery.was_sent else NotStarted()


def ask(account: Account) -> Job:
    """The status of the account's last update, which is asked and never changed."""
    return _job(account, account.look("asked"))


def cancel(account: Account) -> Job:
    """Cancel what runs; where nothing does, nothing but the status is asked."""
    before = account.look("before-cancel")
    if before.state != "running":
        return _job(account, before, first="nothing was canceled: ")
    account.keep("cancel", account.endpoint.cancel())
    after = account.look("after-cancel")
    return _job(account, after, first="" if after.ended else "mySciLEARN was asked to cancel: ")


def ended(delivery: Delivery) -> Job | None:
    """The job of a delivery whose end is known already; the account's last update may be another one since."""
    if "ended" not in delivery.evidence:
        return None
    state: State = delivery.evidence["job"]
    return Job(state, delivery.evidence["ended"], SENTENCES[state])


def _job(account: Account, seen: Seen, first: str = "") -> Job:
    ours = account.settings.only_starter
    whose = "" if ours else "; it is the last update of this login, whoever started it"
    sentence = f"{first}{SENTENCES[seen.state]}{whose}"
    return Job(seen.state, seen.outcome(ours=ours), sentence, seen.evidence(ours=ours))


def _refuse_busy(account: Account, before: Seen) -> None:
    host = account.endpoint.host
    if before.state == "running":
        raise RetriableError(f"an update of this account is running on {host}; nothing was sent")
    if before.state == "unknown":
        raise ConnectorError(
            f"nobody can tell whether an update is running on {host}: its status is in words that are not known, "
            "so that nothing was sent; write one of those kept with the run into `words` (`none` where there "
            "never was an update)"
        )


def _start(account: Account, before: Seen) -> Answer:
    [file], [name] = account.delivery.files, account.delivery.addressed.files
    delivery = account.delivery
    return account.endpoint.start(
        file,
        name=posixpath.basename(name),
        declare=lambda: delivery.about_to_send({"before": before.state}),
        progress=lambda done: delivery.progress(file.name, done, file.bytes),
    )


def _looked_for(account: Account, before: State, why: str) -> Done | Unsure:
    """Look for the update until it is seen or the time for looking is over."""
    until = time.monotonic() + (account.settings.look_seconds if account.settings.only_starter else 0)
    while True:
        try:
            found = _judged(account, before, why)
        except RetriableError:
            raise
        except ConnectorError as error:
            return Unsure(f"{why}, and {error}; {SETTLE}")
        if isinstance(found, Done) or time.monotonic() + LOOK_EVERY > until:
            return found
        time.sleep(LOOK_EVERY)


def _judged(account: Account, before: State | None, why: str) -> Done | Unsure:
    """Whether the account's last update is this delivery's.

    None was running before, so that one which runs now, or has ended otherwise than the one before, has begun since.
    It is ours if nobody else starts any.
    """
    now = account.look("after")
    begun = before is not None and (now.state == "running" or (now.ended and now.state != before))
    if begun and account.settings.only_starter:
        evidence = {**_sent(account), "found": why, **now.evidence(ours=True)}
        return Done(evidence, outcome=now.outcome(ours=True))
    if begun:
        return Unsure(f"{why}, and an update that may be another's has begun since; {SETTLE}")
    return Unsure(f"{why}, and the status does not tell whether an update has begun since; {SETTLE}")


def _sent(account: Account) -> dict[str, Any]:
    [file], [name] = account.delivery.files, account.delivery.addressed.files
    return {
        "file": name,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "note": "the results come by e-mail to the login alone",
    }
