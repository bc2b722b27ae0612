"""An expression computes from the columns of its row; one that reaches further is refused before anything runs."""

from __future__ import annotations

import pytest
from rosterbus_oneroster.synthetic import write_district

PIPELINE = """\
timezone = "America/Chicago"
[source]
connector = "oneroster"
location = "export/oneroster.zip"
[source.map.students.columns]
city = {city}
[deliver.samegoal]
host = "127.0.0.1"
username = "district"
private_key = {{ file = "key" }}
[deliver.samegoal.map.students]
where = {where}
[deliver.samegoal.map.students.columns]
Zip = {zip}
"""
LINES = {"city": 6, "where": 12, "zip": 14}
REACHING = {
    "a file": "(SELECT content FROM read_text('/etc/hostname'))",
    "a file by a function": "read_text('/etc/hostname')",
    "the environment": "getenv('HOME')",
    "another table": "(SELECT count(*) FROM users)::VARCHAR",
    "another schema": "(SELECT max(password) FROM raw.users)",
    "a setting": "current_setting('memory_limit')",
    "a table function": "(SELECT name FROM duckdb_settings() LIMIT 1)",
    "the engine": "version()",
}


@pytest.fixture
def project(tmp_path):
    """A function that writes a project with one pipeline whose expressions are given."""
    write_district(tmp_path / "export", schools=1, students=10, bad_share=0.0)
    (tmp_path / "rosterbus.toml").write_text('state_dir = "state"\n', encoding="utf-8")
    (tmp_path / "pipelines").mkdir()

    def write(place, expression):
        given = {"city": '"city"', "where": '"true"', "zip": '"zip"'}
        told = f'"{expression}"' if place == "where" else f'{{ transform = "{expression}" }}'
        text = PIPELINE.format(**given | {place: told})
        (tmp_path / "pipelines" / "p.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("place", LINES)
@pytest.mark.parametrize("reach", REACHING)
def test_an_expression_that_reaches_further_is_refused_by_file_and_line(
    rosterbus, project, command, place, reach
):
    folder = project(place, REACHING[reach])
    said = rosterbus(command, "p", "--folder", folder)

    assert said.code == 2
    assert f"p.toml, line {LINES[place]}" in said.out + said.err
    assert not (folder / "state").exists()
    assert "Traceback" not in said.err


@pytest.mark.parametrize("place", ["city", "zip"])
def test_an_expression_over_the_columns_of_its_row_is_not_refused(rosterbus, project, place):
    folder = project(place, "upper(trim(city))")

    assert rosterbus("plan", "p", "--folder", folder).code == 3
