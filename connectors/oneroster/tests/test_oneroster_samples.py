"""Public sample packages that nobody here wrote are read; they lie beside the checkout or are skipped."""

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[4] / "shared" / "samples"
SMALL, MEDIUM = (f"oneroster-generator/oneroster-{name}.zip" for name in ("school-small", "district-medium"))
PACKAGES = {
    "lms-toolkit/oneroster-1.0": {"students": 8, "staff": 2, "sections": 2, "enrollments": 20},
    "lms-toolkit/oneroster-1.1": {"students": 8, "staff": 0, "sections": 2, "enrollments": 20},
    SMALL: {"students": 72, "staff": 7, "sections": 42, "enrollments": 504},
    MEDIUM: {"students": 778, "staff": 59, "sections": 364, "enrollments": 5446},
}


def sample(name):
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the public sample {name} is not beside the checkout")
    return path


@pytest.mark.parametrize("name", PACKAGES)
def test_reads_a_public_sample(name, roster):
    made = roster(sample(name))
    assert {table: len(made.rows(table)) for table in PACKAGES[name]} == PACKAGES[name]
    assert {row["enrollment_status"] for row in made.rows("students")} == {"enrolled"}


def test_the_1_0_sample_has_no_manifest_and_older_headers(extract):
    answer = extract(sample("lms-toolkit/oneroster-1.0"))
    assert {table.completeness.level for table in answer.tables.values()} == {"unknown"}
    assert "older headers" in {finding.rule for finding in answer.findings}


def test_two_rows_of_the_1_1_sample_are_too_long_and_are_told(roster):
    """Its teachers have one cell more than the header."""
    made = roster(sample("lms-toolkit/oneroster-1.1"))
    assert [(problem.row, problem.kind) for problem in made.loaded["users"].problems] == [
        (10, "too-many-columns"), (11, "too-many-columns"),
    ]  # fmt: skip


def test_school_data_sync_of_the_same_names_is_refused(extract):
    from rosterbus.errors import ConnectorError

    with pytest.raises(ConnectorError, match="Microsoft School Data Sync"):
        extract(sample("school-data-sync/v2.1"))
