"""Every fault, before every status, at every speed, twice: never two starts, and none is believed that never was.

mySciLEARN is a model here, so that all of it can be tried. Each run of the model is one delivery over three nights,
as `load` and `reconcile` are asked: what was not sent is loaded again, what was sent is looked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import product

import pytest
from rosterbus.deliveries import Done, NotStarted, Unsure
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.settings import Values
from rosterbus_https import Answer, LostError
from rosterbus_scilearn import updates
from rosterbus_scilearn.standin import SAYS, STARTED
from rosterbus_scilearn.updates import Account

FAULTS = (
    "none",
    "killed before",
    "cut on the way",
    "killed after",
    *(
        f"{what}, {how}"
        for how in ("begun", "not begun")
        for what in ("lost", "500", "302", "200 in other words", "killed while waiting")
    ),
    "401",
)
BEFORE = ("none", "completed", "canceled")
SPEEDS = ("at once", "running", "late", "late and at once", "over by night")
LOOKS = ("seen", "away", "refused", "in other words")
OTHERS = ("nobody", "somebody")


class KilledError(BaseException):
    """The process is gone."""


@dataclass
class Model:
    """One account. `starts` counts the updates of this delivery, `last` is the status of whatever ran last."""

    fault: str
    last: str
    speed: str
    look: str
    others: str
    host: str = "model"
    starts: int = 0
    asked: int = 0
    hidden: str = ""

    def begin(self) -> None:
        self.starts += 1
        before = self.last
        self.last = "completed" if "at once" in self.speed else "running"
        self.hidden = before if "late" in self.speed else ""

    def night(self) -> None:
        """What runs ends, and what was late is seen."""
        self.hidden = ""
        if self.last == "running" and self.speed == "over by night":
            self.last = "completed"

    def start(self, file, *, name, declare, progress) -> Answer:
        fault, self.fault = self.fault, "none"
        if fault == "killed before":
            raise KilledError
        if fault == "cut on the way":
            raise RetriableError("cut; nothing was started")
        declare()
        if fault == "401":
            return Answer(401, b"")
        if self.others == "somebody":
            self.last = "running"
        if fault in ("none", "killed after") or fault.endswith(", begun"):
            self.begin()
        if fault.startswith("killed"):
            raise KilledError
        if fault.startswith("lost"):
            raise LostError("the answer was lost")
        code, text = (fault[:3], "<html>") if fault != "none" else ("200", STARTED)
        return Answer(int(code), text.encode())

    def refused(self, answer) -> ConnectorError:
        return ConnectorError(f"refused: {answer.code}")

    def status(self) -> Answer:
        self.asked += 1
        if self.asked == 2:
            if self.look == "away":
                raise RetriableError("away")
            if self.look == "refused":
                raise ConnectorError("refused")
            if self.look == "in other words":
                return Answer(200, b"maintenance")
        return Answer(200, SAYS[self.hidden or self.last].encode())


@dataclass
class Nights:
    """One delivery over three nights, driven as the core drives it. `state` is the ledger's at the end."""

    model: Model
    delivery: object
    settings: object
    state: str = "intent"
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(3):
            if self.state in ("intent", "sent"):
                self.one(first=number == 0)
            self.model.night()

    def one(self, *, first: bool) -> None:
        delivery = self.delivery if first else self.delivery.next_night()
        self.delivery = delivery
        account = Account(self.model, delivery, self.settings)
        sent = delivery.was_sent
        try:
            answer = NotStarted() if first else updates.without_asking(delivery) or updates.find_out(account)
            if isinstance(answer, NotStarted):
                answer = updates.send(account)
        except (KilledError, RetriableError) as error:
            self.state = "sent" if delivery.was_sent else "intent"
            self.said.append(f"{type(error).__name__} {error}")
        except ConnectorError as error:
            # As the core has it: of a load it is final, and speaks of this attempt; of a reconcile it changes nothing.
            if not sent:
                self.state = "failed"
            self.said.append(str(error))
        else:
            self.state = {Done: "confirmed", Unsure: "held"}[type(answer)]
            self.said.append(str(answer))


def cases(only_starter):
    """All of them; whoever promises to be alone has nobody beside."""
    others = OTHERS[:1] if only_starter else OTHERS
    return [Model(*case) for case in product(FAULTS, BEFORE, SPEEDS, LOOKS, others)]


def wrong_with(nights: Nights) -> list[str]:
    starts, state = nights.model.starts, nights.state
    wrong = []
    if starts > 1:
        wrong.append("started twice")
    if state == "confirmed" and starts == 0:
        wrong.append("believed and never begun")
    if state == "failed" and starts:
        wrong.append("begun and taken for nothing")
    return wrong


@pytest.fixture
def try_all(deliver, load_settings):
    """Goes through all cases, and counts how they ended and what went wrong."""

    def all_cases(*, only_starter):
        settings = load_settings(only_starter=only_starter)
        delivery = deliver(settings)
        ends, wrong = Counter(), []
        for model in cases(only_starter):
            case = replace(model)
            nights = Nights(model, delivery.next_night(), settings)
            ends[nights.state] += 1
            wrong += [f"{case}: {what}: {nights.said}" for what in wrong_with(nights)]
        return ends, wrong

    return all_cases


@pytest.mark.parametrize("only_starter", [True, False])
def test_nothing_is_started_twice_or_lost_in_silence(try_all, only_starter):
    ends, wrong = try_all(only_starter=only_starter)
    assert wrong == []
    assert sum(ends.values()) == len(FAULTS) * len(BEFORE) * len(SPEEDS) * len(LOOKS) * (2 - only_starter)
    assert all(ends[state] for state in ("confirmed", "held", "failed"))
    # Nothing stays open where the server can be reached.
    assert ends["sent"] + ends["intent"] == 0


def test_what_goes_well_is_never_held(deliver, load_settings):
    settings = load_settings()
    for before, speed in product(BEFORE, SPEEDS):
        model = Model("none", before, speed, "seen", "nobody")
        nights = Nights(model, deliver(settings), settings)
        assert (nights.state, model.starts) == ("confirmed", 1)


def test_to_be_alone_settles_more(try_all):
    alone, _ = try_all(only_starter=True)
    beside, _ = try_all(only_starter=False)
    assert alone["confirmed"] / alone.total() > beside["confirmed"] / beside.total()


def sends_again(monkeypatch):
    monkeypatch.setattr(updates, "without_asking", lambda delivery: NotStarted())


def believes(monkeypatch):
    monkeypatch.setattr(updates, "_judged", lambda *_: Done({}))


def believes_any_status(monkeypatch):
    judged = updates._judged
    monkeypatch.setattr(updates, "_judged", lambda account, before, why: judged(account, "unheard of", why))


def believes_everybody(monkeypatch):
    judged = updates._judged

    def alone(account, before, why):
        settings = Values({**account.settings, "only_starter": True})
        return judged(replace(account, settings=settings), before, why)

    monkeypatch.setattr(updates, "_judged", alone)


def takes_a_refusal_for_final(monkeypatch):
    monkeypatch.setattr(updates, "_looked_for", updates._judged)


def takes_every_good_code(monkeypatch):
    words = updates.words_of(Values({"words": None}))
    monkeypatch.setattr(
        updates,
        "words_of",
        lambda settings: Values({**words, **settings.words, "started": [""], "refused": []}),
    )


@pytest.mark.parametrize(
    ("mutant", "only_starter"),
    [
        (sends_again, True),
        (believes, True),
        (believes_any_status, True),
        (believes_everybody, False),
        (takes_a_refusal_for_final, True),
        (takes_every_good_code, True),
    ],
)
def test_the_model_finds_what_is_wrong(try_all, monkeypatch, mutant, only_starter):
    mutant(monkeypatch)
    _, wrong = try_all(only_starter=only_starter)
    assert wrong
