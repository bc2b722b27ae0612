"""A notice carries counts and what to run next, and nothing of a person."""

import importlib

import pytest
from rosterbus.hookspecs import PROJECT
from rosterbus.notices import KINDS, NOTIFIERS, Notice


def test_a_person_reads_what_happened_how_much_and_what_to_run(notice):
    assert notice.subject == "rosterbus: springfield -> handshake: held"
    assert notice.text == (
        "the plan 7f3a is held: école 0123 lost every student\nremoved 1,412\nnext: rosterbus diff 7f3a\n"
    )


def test_a_notice_without_delivery_counts_and_command_is_its_sentence():
    notice = Notice("failed", "springfield", "", "the export cannot be read")
    assert (notice.subject, notice.text) == ("rosterbus: springfield: failed", "the export cannot be read\n")


def test_a_machine_reads_the_same(notice):
    body = notice.as_json()
    assert (body["kind"], body["counts"], body["command"]) == (
        "held",
        {"removed": 1412},
        "rosterbus diff 7f3a",
    )
    assert body["text"].startswith(notice.subject)


@pytest.mark.parametrize("cell", ["Zoë", 1.5, True, None])
def test_a_cell_does_not_get_into_a_notice(cell):
    with pytest.raises(TypeError, match="counts only"):
        Notice("held", "springfield", "handshake", "held", {"name": cell})


@pytest.mark.parametrize("name", NOTIFIERS)
def test_the_notifiers_of_the_core_are_plugins(name):
    module = importlib.import_module(NOTIFIERS[name])
    assert hasattr(module.notify, f"{PROJECT}_impl")
    assert module.Settings().fields
    assert KINDS == ("held", "failed", "refused", "unsure", "waiting", "overdue", "recovered")
