"""The page on writing a connector shows the template's own code, which other tests generate, certify and install."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rosterbus_new.answers import complete
from rosterbus_new.rendering import render

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "connector-in-an-hour.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```(?:python|text)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    answers = complete({"name": "acme", "kind": "destination", "transport": "sftp"})
    return render(answers, tmp_path_factory.mktemp("new"))


def test_every_line_of_code_on_the_page_is_generated_so(acme: Path):
    sources = [path.read_text(encoding="utf-8") for path in acme.rglob("*.py")]

    assert len(CODE) >= 6
    assert [code for code in CODE if not any(code in source for source in sources)] == []


def test_every_command_on_the_page_is_one_of_the_generated_readme_or_makes_it(acme: Path):
    readme = (acme / "README.md").read_text(encoding="utf-8")
    told = [
        line for line in COMMANDS if line.removesuffix(" --fast").removesuffix(" --last-failed") not in readme
    ]

    assert told == ["rosterbus new --no-input name=acme kind=destination transport=sftp"]
