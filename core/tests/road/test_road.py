"""The whole road with a toy source and a toy vendor: extract, map, judge, stage, deliver, remember."""

from __future__ import annotations

from village_kit import Village, student


def test_delivers_everybody_then_nothing_new(village: Village) -> None:
    village.write([student(n) for n in range(1, 40)])
    village.pipeline(deliver="contacts = false")
    first = village.run()
    assert [one.state for one in first.receipts] == ["confirmed"], first.as_json()
    assert first.receipts[0].balanced
    assert (village.vendor / "20261120-1" / "students.csv").read_text(encoding="utf-8").splitlines()[:2] == [
        "Id,First,Last,Mail,Born,Grade",
        "1,First1,Last1,s1@example.org,03/04/2015,05",
    ]
    second = village.run(hours=1)
    assert second.receipts[0].state == "nothing new"
    assert second.exit_code == 0
