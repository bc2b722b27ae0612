"""Change sets, the mirror they are merged into, and sources that have nothing new."""

from __future__ import annotations

from mirror_kit import FedVillage, changes, shown, whole
from rosterbus.errors import HeldError
from rosterbus.extracts import Nothing
from village_kit import student

ALL = [student(number) for number in range(1, 31)]


def ids(lines: list[str]) -> list[str]:
    return [line.partition(",")[0] for line in lines]


def test_a_change_set_goes_over_the_rows_of_the_last_full_extract(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    outcome = fed.night(changes(student(31), student(2, grade="06"), student(32)))
    assert outcome.exit_code == 0, outcome.as_json()
    assert ids(fed.sent()[1]) == [str(number) for number in range(1, 33)]
    assert fed.sent()[1][1].endswith(",06")
    assert (
        shown(outcome).counts["students"] | {"new": 2, "changed": 1, "removed": 0}
        == shown(outcome).counts["students"]
    )
    raw = shown(outcome).raw["students"]
    assert (raw["read"], raw["used"], raw["rejected"]) == (32, 32, 0)
    assert raw["changes"] == {"upserted": 3, "deleted": 0, "renamed": 0, "repeated": 0, "older": 0}


def test_a_source_with_nothing_new_is_planned_from_the_mirror(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    outcome = fed.night(Nothing("there is no file"))
    assert (shown(outcome).state, outcome.nothing) == ("nothing new", "there is no file")


def test_a_first_change_set_may_begin_from_nothing(fed: FedVillage) -> None:
    how = {"from_nothing": True}
    fed.night(changes(student(1), how=how))
    fed.night(changes(student(2), file="night 2.csv", how=how))
    assert ids(fed.sent()[1]) == ["1", "2"]
    assert [row[:3] for row in fed.mirrored()] == [(2, "changes.csv", 2), (3, "night 2.csv", 2)]


def test_a_change_set_without_anything_it_could_change_is_refused(fed: FedVillage) -> None:
    outcome = fed.night(changes(student(1)))
    assert outcome.exit_code == HeldError.exit_code
    (failure,) = outcome.failures
    assert "only changes of `students` (changes.csv)" in str(failure.error)
    assert "full extract" in str(failure.error)
    assert fed.state() is None
