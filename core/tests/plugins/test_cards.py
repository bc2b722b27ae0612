"""What a connector.toml may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from rosterbus.cards import read_card
from rosterbus.errors import ConfigError

REPORT = 'title = "A report"\nkind = "report"\nsystem = ""\nmaturity = "draft"\n'


def card(folder: Path, text: str) -> Path:
    path = folder / "connector.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_a_card_leaves_out_is_empty(tmp_path: Path):
    read = read_card(card(tmp_path, REPORT))

    assert (read.title, read.kind, read.pages, read.commands) == ("A report", ("report",), (), {})


def test_a_card_tells_what_is_not_published(tmp_path: Path):
    text = REPORT + 'unknown = ["the port: `port` decides"]'

    assert read_card(card(tmp_path, text)).unknown == ("the port: `port` decides",)


def test_a_distribution_may_be_of_two_kinds(tmp_path: Path):
    text = REPORT.replace('"report"', '["source", "report"]')

    assert read_card(card(tmp_path, text)).kind == ("source", "report")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the card lacks `title`, `kind`, `system`, `maturity`; add it"),
        (REPORT.replace('"report"', '"destination"'), "the card lacks `guarantee`, `absence`; add it"),
        (REPORT + 'colour = "red"', "the card has an unknown key; found `colour`; allowed: title"),
        (
            REPORT + "pages = 3",
            "`pages`: the card says something else than it may; found 3; allowed: a list of texts",
        ),
        (REPORT + "commands = { demo = 1 }", "`commands`: .* allowed: a table of texts"),
        (
            REPORT.replace('"report"', '"robot"'),
            "`kind`: .* found \\['robot'\\]; allowed: source, destination",
        ),
        (REPORT.replace('"report"', "7"), "`kind`: .* found 7"),
        (REPORT.replace('"A report"', "true"), "`title`: .* found True; allowed: a text"),
        ("title = ", "the card is not TOML in UTF-8: "),
    ],
)
def test_a_wrong_card_says_what_is_wrong_and_what_is_allowed(tmp_path: Path, text: str, sentence: str):
    path = card(tmp_path, text)

    with pytest.raises(ConfigError, match=sentence) as refused:
        read_card(path)

    assert str(refused.value).startswith(f"{path}: ")


def test_a_card_that_is_not_utf_8_is_refused(tmp_path: Path):
    path = tmp_path / "connector.toml"
    path.write_bytes(REPORT.replace("A report", "Ré").encode("latin-1"))

    with pytest.raises(ConfigError, match="the card is not TOML in UTF-8"):
        read_card(path)


def test_a_card_that_cannot_be_read_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="the card cannot be read: "):
        read_card(tmp_path)
