"""What arrives at a vendor is read back: every byte, every row, in the right order, and nothing in silence."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rosterbus.deliveries import Address, StagedFile
from rosterbus.layouts import Dialect, LayoutSpec
from rosterbus.reporting import StoredProblems
from rosterbus.subjects import layouts_of
from rosterbus.testing.memory import MemoryWatch
from rosterbus.testing.promises import slow
from rosterbus.testing.texts import ODD
from rosterbus.testing.trial import Trial, rows_refused, rows_taken, vendor_of
from rosterbus.testing.trying import DestinationTrials, receipts
from rosterbus.testing.village import CANARY, CitySource, spelt

LEAST_AMONG = 12
"""Ordinary students for each odd one, so that no guard asks about the share of what is rejected."""
FIRST_ROW = 2
"""The row of the first student in the village's files; the header is row 1."""
MOST_BYTES = 128 << 20
"""Of memory that sending may take, however large the files are."""


class ArrivalTests(DestinationTrials):
    """The tests that look at what the vendor received."""

    def test_every_byte_that_arrives_is_the_byte_that_was_planned(self, trial: Trial) -> None:
        """What the vendor receives is the staged file, byte for byte, under the name that was fixed for it."""
        for file, name in delivered(trial):
            assert len(trial.received(name)) == file.bytes, name
            assert same(trial.received(name), file), f"{name} arrived with other bytes"

    def test_nothing_the_vendor_can_read_is_ever_half_a_file(self, trial: Trial) -> None:
        """Nothing the vendor can read is ever half a file, and a marker comes after everything that it speaks of."""
        files = {bare(name): file for file, name in delivered(trial)}
        timeline = trial.seen()
        marker = trial.address().marker
        first = 0
        if marker is not None:
            marked = [number for number, one in enumerate(timeline) if bare(one.name) == bare(marker)]
            assert marked, f"the vendor never saw the marker {marker}"
            first = marked[0]
        for name, file in files.items():
            written = [
                (n, one.sha256) for n, one in enumerate(timeline) if bare(one.name) == name and one.sha256
            ]
            assert written, f"the vendor never saw {name}"
            before = [sha256 for number, sha256 in written if number < first]
            visible = [*before[-1:], *(sha256 for number, sha256 in written if number >= first)]
            assert marker is None or before, f"{name} came after the marker"
            assert set(visible) == {file.sha256}, f"{name} could be read before it was whole"

    def test_who_leaves_is_told_as_the_layout_promises(self, trial: Trial) -> None:
        """Whoever leaves the roster becomes at the vendor what the layout says of absence, once."""
        name = f"{CANARY}{spelt(0)}"
        first = rows_of_all(trial, delivered(trial))
        held = held_by(trial)
        trial.source.gone = {0}
        [receipt] = receipts(trial.run_and_approve())
        assert receipt.state in (self.ended[0], "nothing new"), receipt.because
        second = rows_of_all(trial, sent_by(trial, receipt)) if receipt.state == self.ended[0] else {}
        with trial.opened() as context:
            specs = {spec.name: spec for spec in layouts_of(context, context.pipeline.deliveries[0])}
        assert any(name in row.values() for rows in first.values() for row in rows)
        for layout, rows in second.items():
            left = [row for row in rows if name in row.values()]
            assert_left(specs[layout], left, was_there=any(name in row.values() for row in first[layout]))
        now = held_by(trial)
        for layout, count in now.items():
            stays = specs[layout].absence == "kept" or specs[layout].within
            expected = held[layout] if stays else held[layout] - 1
            assert count == expected, f"the vendor made something else of who left `{layout}`"
        [again] = receipts(trial.run_when_due())
        assert again.state == "nothing new", again.because

    def test_odd_texts_arrive_as_they_are_or_are_named(self, trial: Trial) -> None:
        """A name in any script, and every trick on spreadsheets, arrives as the same text or is rejected by name."""
        trial.source.students = LEAST_AMONG * len(ODD)
        places = range(0, trial.source.students, LEAST_AMONG)
        texts = dict(zip(places, ODD, strict=True))
        trial.source.cells = {(place, self.ability.changing): text for place, text in texts.items()}
        [receipt] = receipts(trial.run_and_approve())
        assert receipt.state == self.ended[0], receipt.because
        assert receipt.balanced
        arrived = rows_of_all(trial, sent_by(trial, receipt))
        cells = {cell for rows in arrived.values() for row in rows for cell in row.values()}
        named = rows_with_problems(receipt)
        lost = [text for place, text in texts.items() if text not in cells and place + FIRST_ROW not in named]
        assert lost == [], "these texts were changed or lost, and nobody is told"
        assert sum(map(len, arrived.values())) == sum(one[self.ended[1]] for one in receipt.counts.values())

    @slow
    def test_many_students_arrive_whole(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """200,000 students arrive, every one of them, in a memory that does not grow with them."""
        # A vendor who held all of them would be slow with whatever comes after.
        folder = tmp_path_factory.mktemp("city")
        with vendor_of(self.connector, self.settings, folder) as vendor:
            trial = vendor.trial(folder / "project")
            trial.by_hand = self.ability.by_hand
            trial.source = city(trial, self.ability.students, tmp_path_factory.getbasetemp())
            watch = MemoryWatch()
            [receipt] = receipts(trial.run(meddle=watch.over))
            assert receipt.state == self.ended[0], receipt.because
            assert receipt.balanced
            sent = sum(one[self.ended[1]] for one in receipt.counts.values())
            assert sent >= trial.source.students
            [taken] = trial.imports()
            assert (rows_taken(taken), rows_refused(taken)) == (sent, 0)
            for file, name in sent_by(trial, receipt):
                assert same(trial.received(name), file), f"{name} arrived with other bytes"
            assert watch.most <= MOST_BYTES, "the connector holds the file in memory"


def delivered(trial: Trial) -> list[tuple[StagedFile, str]]:
    """Deliver the village; the files of the plan and their remote names."""
    [receipt] = receipts(trial.run())
    trial.imports()
    return sent_by(trial, receipt)


def sent_by(trial: Trial, receipt: Any) -> list[tuple[StagedFile, str]]:
    """The files of a plan that was the last to be delivered, and their remote names."""
    address: Address = trial.address()
    return list(zip(receipt.plan.files, address.files, strict=True))


def same(content: bytes, file: StagedFile) -> bool:
    """Whether these are the bytes that were staged."""
    return hashlib.sha256(content).hexdigest() == file.sha256


def bare(name: str) -> str:
    """A remote name, however its root is spelt."""
    return name.strip("/")


def rows_of_all(trial: Trial, sent: list[tuple[StagedFile, str]]) -> dict[str, list[dict[str, str]]]:
    """The rows that arrived, by layout and column."""
    with trial.opened() as context:
        specs = {spec.name: spec for spec in layouts_of(context, context.pipeline.deliveries[0])}
    found: dict[str, list[dict[str, str]]] = {}
    for file, name in sent:
        spec = specs[file.layout]
        found.setdefault(file.layout, []).extend(rows_in(trial.received(name), spec.dialect, spec))
    return found


def rows_in(content: bytes, dialect: Dialect, spec: LayoutSpec) -> Iterator[dict[str, str]]:
    """The rows of a file, read as strictly as can be."""
    text = content.decode(
        "utf-8-sig" if dialect.bom and dialect.encoding.startswith("utf-8") else dialect.encoding
    )
    records = csv.reader(
        io.StringIO(text, newline=""), delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True
    )
    header = next(records) if dialect.header else [one.name for one in spec.columns if one.written]
    yield from (dict(zip(header, record, strict=True)) for record in records)


def assert_left(spec: LayoutSpec, rows: list[dict[str, str]], *, was_there: bool) -> None:
    """Who left stands in no row any more, or in one that says so."""
    if spec.absence != "explicit":
        assert rows == [], f"`{spec.name}` still has who left"
    elif was_there:
        assert rows, f"`{spec.name}` does not tell who left"
        assert [{name: row[name] for name in spec.leaver} for row in rows] == [dict(spec.leaver)] * len(rows)


def held_by(trial: Trial) -> Mapping[str, int]:
    """How many rows of each layout the vendor holds as active after its last import, where its twin tells."""
    imports = trial.imports()
    active: Mapping[str, int] = imports[-1].get("active", {}) if imports else {}
    return active


def rows_with_problems(receipt: Any) -> set[int]:
    """The rows of the village of which a problem names a column."""
    told = (one for layout in receipt.plan.layouts for one in StoredProblems(receipt.plan, layout))
    return {one.row for one in told if one.column}


def city(trial: Trial, students: int, folder: Path) -> CitySource:
    """So many students, in the relations that this connector's layouts are made of."""
    with trial.opened() as context:
        specs = layouts_of(context, context.pipeline.deliveries[0])
    return CitySource(students, folder, {spec.rows for spec in specs})
