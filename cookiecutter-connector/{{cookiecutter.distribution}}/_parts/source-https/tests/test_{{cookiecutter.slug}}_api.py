"""What only an API of pages can do wrong, beside all that the suite asks of every source."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rosterbus.deliveries import Twin
from rosterbus.errors import RetriableError
from rosterbus.testing.export import Export, read_export

from {{ cookiecutter.module }}.district import STUDENTS
from {{ cookiecutter.module }}.system import start


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Twin]:
    twin = start(tmp_path / "twin")
    yield twin
    twin.stop()


def students(twin: Twin, folder: Path) -> int:
    with read_export("{{ cookiecutter.name }}", twin.settings, folder) as read:
        assert isinstance(read, Export)
        return len(read.rows("students"))


def test_an_answer_that_fails_once_is_asked_for_again(twin: Twin, tmp_path: Path):
    with twin.faults["stumble"]():
        assert students(twin, tmp_path) == STUDENTS


def test_a_row_that_is_counted_and_never_comes_is_missed(twin: Twin, tmp_path: Path):
    with twin.faults["lost row"](), pytest.raises(RetriableError, match="says there are 2"):
        students(twin, tmp_path)
