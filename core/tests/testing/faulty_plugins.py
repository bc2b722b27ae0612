"""Plugins that keep every promise, and mutants of them: one fault each, and the test of the suite that is meant for it.

Run by `test_source_suite.py` in a process of its own: what fails there is what it looks at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
import rosterbus_bulletin
import rosterbus_county
import rosterbus_register
import rosterbus_roll
from rosterbus.testing import Ability, ConnectorContract, ReportContract, RulesContract, SourceContract

HEADERS = {"students": "id,name,born", "contacts": "id,student,name"}


class Mutant:
    """Plants a fault in every toy."""

    fault = ""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _fault(cls) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            for toy in (rosterbus_register, rosterbus_roll, rosterbus_bulletin, rosterbus_county):
                patch.setattr(toy, "FAULTS", {cls.fault})
            yield


class Register(Mutant, SourceContract):
    connector = "register"
    ability = Ability(encoding_setting="encoding")

    def export(self, folder: Path) -> dict[str, Any]:
        students = [f"S{n},Name{n},2015-03-04" for n in range(10)]
        contacts = [*(f"C{n},S{n // 2},Parent{n}" for n in range(20)), "C99,,Nobody"]
        for name, lines in (("students", students), ("contacts", contacts)):
            text = "\n".join([HEADERS[name], *lines, ""])
            (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")
        return {"location": folder.as_posix()}


class Roll(Mutant, SourceContract):
    """Everything each night."""

    connector = "roll"
    settings: ClassVar = {"changes": False}
    ability = Ability(files=False, live=True, paged=True)


class RollOfChanges(Mutant, SourceContract):
    """What changed, after the first night."""

    connector = "roll"
    ability = Ability(files=False, live=True, paged=True, incremental=True, proves_unchanged=True)


class Bulletin(Mutant, ReportContract):
    connector = "bulletin"


class County(Mutant, RulesContract):
    connector = "county"
    breaking: ClassVar = {"grade": ""}


class TestHonestBulletin(Bulletin):
    pass


class TestHonestCounty(County):
    pass


class TestHonestRegister(Register):
    pass


class TestHonestRoll(Roll):
    pass


class TestHonestRollOfChanges(RollOfChanges):
    pass


KILLED = "test_a_killed_run_leaves_nothing_that_the_next_takes_for_whole"
OF_REGISTER = {
    "multiplies": "test_no_join_repeats_a_key",
    "no proof": "test_every_table_says_how_complete_it_is_and_what_proves_it",
    "own dates": "test_dates_and_booleans_are_written_as_the_vocabulary_has_them",
    "loses": "test_every_raw_row_is_accounted_for",
    "guesses": "test_another_encoding_than_declared_is_told_and_never_guessed",
    "breaks": "test_a_lost_file_is_told",
    "never the same": "test_the_same_system_gives_the_same_rows_in_the_same_order",
    "knows no encoding": "test_a_declared_encoding_is_read_rightly",
    "fears a mark": "test_a_byte_order_mark_changes_nothing",
    "nothing for no rows": "test_files_with_a_header_only_are_an_empty_roster_and_not_nothing",
    "reads what it can": "test_a_file_cut_short_is_told",
    "invents a row": "test_a_file_without_rows_takes_nobody_along_in_silence",
    "fills lost columns": "test_a_lost_column_is_told",
    "removes in silence": "test_a_damaged_export_removes_nobody",
    "numbers its rows": "test_a_lost_id_is_told",
    "drops repeated ids": "test_a_repeated_id_is_told",
    "drops orphans": "test_a_row_that_others_refer_to_is_missed",
    "hides who decides": "test_removals_are_never_planned_from_a_partial_table",
    "believes itself done": KILLED,
}
OF_ROLL = {
    "stops at a short page": "test_a_page_with_fewer_rows_than_asked_for_is_not_the_last",
    "trusts the page size": "test_a_page_with_fewer_rows_than_asked_for_is_not_the_last",
    "swallows errors": "test_an_error_midway_is_told_and_the_next_night_reads_everything",
    "mixes revisions": "test_what_changes_while_it_is_read_is_never_mixed",
    "drops repeated ids": "test_a_repeated_id_of_a_live_system_is_told",
    "drops orphans": "test_a_row_that_others_of_a_live_system_refer_to_is_missed",
    "nothing for no rows": "test_no_rows_of_a_live_system_are_not_nothing",
    "fills lost columns": "test_trouble_at_a_live_system_removes_nobody",
    "silent when gone": "test_a_system_that_is_gone_is_told",
    "any token": "test_wrong_credentials_of_a_live_system_are_told",
}
OF_CHANGES = {
    "moves its state": KILLED,
    "moves its state early": "test_changes_of_a_killed_run_are_given_again",
    "ignores a gap": "test_a_gap_in_the_changes_asks_for_everything",
    "forgets where it was": "test_changes_are_given_once",
    "everything again": "test_a_system_with_nothing_new_is_unchanged",
    "fills lost columns": "test_a_lost_column_of_a_live_system_is_told",
    "loses changes": "test_changes_are_merged_and_remove_nobody",
}
OF_BULLETIN = {
    "writes elsewhere": "test_files_are_written_into_the_folder_alone_and_are_private",
    "open to all": "test_files_are_written_into_the_folder_alone_and_are_private",
    "tells the hour": "test_the_same_run_gives_the_same_bytes",
    "knows good ends alone": "test_what_was_held_and_what_failed_is_written_without_an_error",
    "keeps short": "test_every_problem_is_told_or_counted",
    "wants a problem": "test_a_run_without_a_problem_has_its_report",
    "wants a delivery": "test_a_run_without_a_delivery_is_no_error",
    "stops early": "test_ten_thousand_problems_are_told_or_counted",
    "lets formulas be": "test_no_cell_begins_a_formula",
    "lets tags be": "test_no_text_becomes_a_part_of_the_page",
    "speaks latin": "test_names_in_every_script_survive",
    "tells cells": "test_cells_are_shown_only_where_somebody_asked",
}
OF_COUNTY = {
    "rule without a source": "test_every_rule_says_what_it_forbids_and_where_that_is_written",
    "always holds": "test_a_clean_roster_is_left_alone",
    "never holds": "test_a_roster_that_breaks_the_rules_is_told",
    "unknown severity": "test_findings_are_well_formed",
    "rule of no list": "test_findings_are_well_formed",
    "tells a cell": "test_no_cell_stands_in_a_finding_or_a_rule",
    "reaches out": "test_a_judge_only_looks",
    "changes counts": "test_a_judge_only_looks",
    "never the same": "test_a_judge_only_looks",
}


def planted(contract: type[ConnectorContract], fault: str, meant: str) -> type[ConnectorContract]:
    """A mutant that is put to the one test that is meant for it."""
    others = {name: None for name in dir(contract) if name.startswith("test_") and name != meant}
    return type(
        f"Test{contract.__name__}{fault.title().replace(' ', '')}", (contract,), {**others, "fault": fault}
    )


CAUGHT = {}
"""The test that is meant for each mutant."""
HONEST = [name for name in globals() if name.startswith("TestHonest")]
ALL = {
    Register: OF_REGISTER,
    Roll: OF_ROLL,
    RollOfChanges: OF_CHANGES,
    Bulletin: OF_BULLETIN,
    County: OF_COUNTY,
}

for _contract, _faults in ALL.items():
    for _fault, _meant in _faults.items():
        _mutant = planted(_contract, _fault, _meant)
        globals()[_mutant.__name__] = _mutant
        CAUGHT[_mutant.__name__] = _meant
        del _mutant
