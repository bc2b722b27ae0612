"""The Python API has the shape of the command line."""

from __future__ import annotations

import rosterbus
from village_kit import Village, student


def test_runs_a_pipeline_file(village: Village) -> None:
    village.write([student(1)])
    village.pipeline(deliver="contacts = false")
    outcome = rosterbus.run(village.root / "pipelines" / "v.toml")
    assert [receipt.state for receipt in outcome.receipts] == ["confirmed"]
    assert outcome.exit_code == 0


def test_every_public_name_is_there() -> None:
    assert all(getattr(rosterbus, name) for name in rosterbus.__all__)
    assert len(rosterbus.__all__) <= 20
