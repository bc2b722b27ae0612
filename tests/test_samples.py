"""Public sample exports that nobody here wrote go through a plan to every vendor, with findings and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
STUDENTS = {
    "lms-toolkit/oneroster-1.0": 8,
    "lms-toolkit/oneroster-1.1": 8,
    "oneroster-generator/oneroster-school-small.zip": 72,
    "oneroster-generator/oneroster-district-medium.zip": 778,
}
PIPELINE = """
timezone = "America/Chicago"
[source]
connector = "oneroster"
location = "{location}"
[deliver.handshake]
bucket_folder = "importer-production-springfield"
[deliver.samegoal]
host = "sftp.example.org"
username = "district"
private_key = {{ file = "key" }}
"""
PARTS = ("staged", "unchanged", "filtered", "rejected")


@pytest.mark.parametrize("name", STUDENTS)
def test_a_public_sample_is_planned_for_every_vendor_with_findings(rosterbus, tmp_path, name):
    sample = SAMPLES / name
    if not sample.exists():
        pytest.skip(f"{sample} is not there")
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    (tmp_path / "pipelines").mkdir()
    text = PIPELINE.format(location=sample.as_posix())
    (tmp_path / "pipelines" / "p.toml").write_text(text, encoding="utf-8")
    said = rosterbus("plan", "p", "--json", "--folder", tmp_path)

    assert said.code == 3
    plans = {plan["delivery"]: plan for plan in said.json["plans"]}
    assert set(plans) == {"handshake", "samegoal"}
    for plan in plans.values():
        assert plan["findings"]
        counts = {layout["name"]: layout["counts"] for layout in plan["layouts"]}
        assert counts["students"]["read"] == STUDENTS[name]
        assert all(one["read"] == sum(one[part] for part in PARTS) for one in counts.values())
    assert any(finding["rule"] == "no baseline" for finding in plans["samegoal"]["findings"])
