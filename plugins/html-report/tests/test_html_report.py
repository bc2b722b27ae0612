"""The file: private, alone, written without keeping the problems, and true to what it was given."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import rosterbus_html_report
from rosterbus.errors import ConfigError
from rosterbus.findings import Problem
from rosterbus.reports import ReportedDelivery, ReportedLayout, Run
from rosterbus_html_report.holds import advice
from rosterbus_html_report.problems import BLOCK

Springfield = Callable[..., Run]


def written(run: Run, folder: Path) -> str:
    [path] = rosterbus_html_report.report(run, folder)
    return path.read_text(encoding="utf-8")


def data(text: str) -> Any:
    return json.loads(re.search(r'<script type="application/json" id="problem-data">(.*?)</script>', text)[1])


@pytest.mark.skipif(os.name != "posix", reason="file modes mean something on POSIX alone")
def test_the_page_is_private_from_its_creation(tmp_path: Path, springfield_run: Springfield):
    written(springfield_run(), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o600


def test_the_policy_allows_the_page_its_own_style_and_script_and_nothing_else(
    tmp_path: Path, springfield_run: Springfield
):
    text = written(springfield_run(), tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    hashes = [
        "'sha256-" + base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() + "'"
        for one in (
            re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1],
            re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1],
        )
    ]

    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src {hashes[0]}",
        f"script-src {hashes[1]}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert not re.search(r"\s(src|style|on[a-z]+)=|<link|<img|@import|url\(", text)


def test_cells_are_shown_only_where_they_were_asked_for(tmp_path: Path, springfield_run: Springfield):
    asked = springfield_run(values=True)

    assert "cell 17" in written(asked, tmp_path)
    kept_back = written(replace(asked, values=False), tmp_path)
    assert "cell 17" not in kept_back
    assert "value" not in data(kept_back)["blocks"][0]


def test_a_key_that_is_no_id_is_not_shown(tmp_path: Path, springfield_run: Springfield):
    layout = ReportedLayout(
        "classes", "classes.csv", [Problem("classes.csv", 4, "name", "Not a name.", key="Zq 4b")]
    )
    run = replace(
        springfield_run(), deliveries=[ReportedDelivery("great-minds", [replace(layout, has_ids=False)])]
    )

    assert "Zq 4b" not in written(run, tmp_path)


def test_what_repeats_is_embedded_once(tmp_path: Path, springfield_run: Springfield):
    told = data(written(springfield_run(), tmp_path))

    assert told["files"] == ["users.csv"]
    assert sum(len(block["row"]) for block in told["blocks"]) == 332
    assert told["causes"][0] == [0, "email_address", "Not a valid email address.", False]
    assert {len(block) for block in told["blocks"]} == {4}


@dataclass
class Counted:
    """Problems made one by one; knows how many of them were alive at the same time."""

    count: int
    alive: int = 0
    most: int = 0

    def __iter__(self) -> Iterator[Problem]:
        for row in range(self.count):
            one = Problem("users.csv", row + 2, "Gender", "Must be one of: F, M.", key=f"s{row}")
            weakref.finalize(one, self._gone)
            self.alive += 1
            self.most = max(self.most, self.alive)
            yield one

    def _gone(self) -> None:
        self.alive -= 1


def test_problems_are_never_all_in_memory(tmp_path: Path, springfield_run: Springfield):
    problems = Counted(5000)

    told = data(written(springfield_run(problems=problems), tmp_path))

    assert told["blocks"][-1]["key"][-1] == "s4999"
    assert 0 < problems.most <= 2 * BLOCK


class Purged:
    """Problems that retention took away."""

    def __iter__(self) -> Iterator[Problem]:
        raise ConfigError("the problems of this plan are no longer kept")


def test_a_page_whose_problems_are_gone_is_not_begun(tmp_path: Path, springfield_run: Springfield):
    with pytest.raises(ConfigError, match="no longer kept"):
        rosterbus_html_report.report(springfield_run(problems=Purged()), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_link_is_one_only_if_it_is_an_address_of_the_web(tmp_path: Path, springfield_run: Springfield):
    run = springfield_run()
    source = "javascript:alert(1)"
    finding = replace(run.deliveries[0].findings[0], source=source)
    run = replace(run, deliveries=[replace(run.deliveries[0], findings=[finding])])

    text = written(run, tmp_path)

    assert source in text
    assert 'href="javascript' not in text


@pytest.mark.parametrize(
    ("told", "sentence", "commands"),
    [
        ("mend the export and run again", "mend the export and run again", []),
        (
            "rosterbus baseline x --empty, if it holds nothing",
            "if it holds nothing",
            ["rosterbus baseline x --empty"],
        ),
        (
            "rosterbus settle 7-1 --arrived | --not-arrived --by NAME --reason TEXT",
            "",
            [f"rosterbus settle 7-1 {one} --by NAME --reason TEXT" for one in ("--arrived", "--not-arrived")],
        ),
        (
            "rosterbus approve 7 --by X && rosterbus apply 7",
            "",
            ["rosterbus approve 7 --by X", "rosterbus apply 7"],
        ),
    ],
)
def test_the_commands_of_a_sentence_can_be_copied_alone(told: str, sentence: str, commands: list[str]):
    way = advice(told)

    assert (way.sentence, list(way.commands)) == (sentence, commands)
