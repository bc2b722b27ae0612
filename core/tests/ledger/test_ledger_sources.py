from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path


def accept(ledger, number: int, pipeline: str = "springfield", mirror: Path | None = None) -> None:
    ledger.sources.accept(
        pipeline,
        state={"sha256": f"{number}"},
        as_of=datetime(2026, 9, number, tzinfo=UTC),
        headers={"users.csv": f"fingerprint-{number}"},
        counts={"users.csv": number},
        mirror=mirror,
    )


def test_a_pipeline_that_never_ran_has_no_source_state(ledger):
    assert ledger.sources.current("springfield") is None


def test_the_last_accepted_extract_comes_back_whole(ledger, tmp_path):
    accept(ledger, 1)
    accept(ledger, 2, mirror=tmp_path / "mirror-2")
    accept(ledger, 9, pipeline="shelbyville")
    found = ledger.sources.current("springfield")
    assert (found.state, found.headers) == ({"sha256": "2"}, {"users.csv": "fingerprint-2"})
    assert (found.counts, found.mirror) == ({"users.csv": 2}, tmp_path / "mirror-2")
    assert found.as_of == datetime(2026, 9, 2, tzinfo=UTC)


def test_the_last_five_are_kept_of_each_pipeline(ledger):
    accept(ledger, 9, pipeline="shelbyville")
    for number in range(1, 8):
        accept(ledger, number)
    kept = [extract.counts["users.csv"] for extract in ledger.sources.history("springfield")]
    assert kept == [7, 6, 5, 4, 3]
    assert len(ledger.sources.history("shelbyville")) == 1


def test_a_source_that_tells_no_date_has_none(ledger):
    ledger.sources.accept("springfield", state={}, as_of=None, headers={}, counts={})
    assert ledger.sources.current("springfield").as_of is None
