"""The documentation says what the code does: generated parts are fresh, nothing is missing, and the examples run."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import pytest
from rosterbus.cards import read_card
from rosterbus.cli import COMMANDS
from rosterbus.hookspecs import Hooks
from rosterbus.mapping import EXAMPLE_ROW, EXAMPLE_TODAY, FUNCTIONS, compile_expression, install_functions
from rosterbus.project import load_pipeline, load_project
from rosterbus.roster import vocabulary

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
GIVEN_BY_PLUGINS = {"certify", "demo", "market", "new", "pin"}
GENERATED = "connector-in-an-hour.md"
"""Its code is the template's, which tests of their own generate and run."""


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rosterbus_docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language: str) -> Iterator[tuple[Path, str]]:
    return (
        (page, found[2]) for page in PAGES for found in BLOCK.finditer(text(page)) if found[1] == language
    )


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_generated_parts_are_what_the_code_says_now():
    stale = [
        shown(path)
        for path, fresh in generator().pages().items()
        if not path.is_file() or text(path) != fresh
    ]

    assert stale == [], "run: python docs/generate.py"


def test_a_change_of_the_code_makes_a_page_stale(monkeypatch: pytest.MonkeyPatch):
    docs = generator()
    monkeypatch.setattr(docs, "FUNCTIONS", {"lower": FUNCTIONS["lower"]})

    assert docs.pages()[DOCS / "mapping.md"] != text(DOCS / "mapping.md")


def test_every_connector_has_a_page_and_every_page_a_connector():
    connectors = {path.parent.name for path in ROOT.glob("connectors/*/pyproject.toml")}

    assert {path.stem for path in DOCS.glob("connectors/*.md")} == connectors


def test_every_command_is_documented_and_every_documented_command_is_there():
    cards = [
        path
        for path in ROOT.glob("**/src/*/connector.toml")
        if "{{" not in str(path) and ".venv" not in str(path)
    ]
    announced = {name for path in cards for name in read_card(path).commands}
    named = {
        name
        for page in PAGES
        for name in re.findall(r"\brosterbus ([a-z]+)(?=[ `\n])", "\n".join(_code(page)))
    }

    assert {*COMMANDS, *announced} - named == set()
    assert named - {*COMMANDS, *announced} == set()


def _code(page: Path) -> Iterator[str]:
    """What stands as code in a page: its blocks, but of Python, and its spans."""
    for language, block in BLOCK.findall(text(page)):
        if language in ("", "console"):
            yield from (line for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", BLOCK.sub("", text(page)))


def test_every_hook_function_and_roster_table_is_documented():
    hooks = [name for name in vars(Hooks) if not name.startswith("_")]

    assert [name for name in hooks if f"`{name}(" not in text(DOCS / "writing-a-connector.md")] == []
    assert [name for name in FUNCTIONS if f"`{name}(" not in text(DOCS / "mapping.md")] == []
    assert [name for name in vocabulary().tables if f"## {name}\n" not in text(DOCS / "roster.md")] == []


def test_every_rule_that_holds_is_explained():
    explained = text(DOCS / "held.md")
    sources = [path for kind in ("core", "connectors/*") for path in ROOT.glob(f"{kind}/src/**/*.py")]
    rules = {rule for path in sources for rule in _holds(ast.parse(text(path)))}

    assert len(rules) > 15
    assert sorted(rule for rule in rules if f"| {rule} " not in explained) == []


def _holds(tree: ast.AST) -> Iterator[str]:
    """The names of the rules that a module holds plans by."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("Finding", "_hold")
        ):
            given = [*node.args, *(word.value for word in node.keywords if word.arg in ("severity", "rule"))]
            plain = [
                one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            words = [word for word in plain if word != "hold"]
            if node.func.id == "_hold" or "hold" in plain:
                yield from words[:1] if isinstance(given[0], ast.Constant) else _shares(given[0])


def _shares(name: ast.expr) -> Iterator[str]:
    if isinstance(name, ast.JoinedStr):
        yield from (f"share {metric}" for metric in ("removed", "changed", "identifiers", "rejected"))


def test_every_example_of_a_function_gives_what_the_page_says():
    page = text(DOCS / "mapping.md")
    rows = re.findall(
        r"^\| `(\w+)\(.*?` \| .*? \| `(.+?)` \| (?:`(.+?)`|\(blank\)) \| .*\|$", page, re.MULTILINE
    )
    columns = ", ".join(
        f"""'{value.replace("'", "''")}' AS "{name}\"""" for name, value in EXAMPLE_ROW.items()
    )

    assert len(rows) == len(FUNCTIONS)
    with duckdb.connect() as connection:
        install_functions(connection, today=EXAMPLE_TODAY)
        for name, written, result in rows:
            example = written.replace("\\|", "|")
            sql = compile_expression(example, columns=set(EXAMPLE_ROW)).sql
            [[given]] = connection.execute(f"SELECT {sql} FROM (SELECT {columns})").fetchall()
            assert (name, given) == (name, result.replace("\\|", "|"))


OPERATORS = text(DOCS / "mapping.md").partition("Operators:")[2].partition("Nothing else")[0]


@pytest.mark.parametrize("operator", re.findall(r"`([A-Z_]+[A-Z ]*)", OPERATORS))
def test_every_operator_that_the_page_names_is_allowed(operator: str):
    examples = {
        "AND OR NOT": "CASE WHEN NOT (grade = '09' AND status = '' OR status = 'x') THEN 'a' ELSE 'b' END",
        "BETWEEN": "if_then_else(grade BETWEEN '09' AND '12', 'a', 'b')",
        "CASE WHEN": "CASE WHEN grade = '09' THEN 'a' ELSE 'b' END",
        "IN": "if_then_else(grade IN ('09', '10'), 'a', 'b')",
        "IS NULL": "if_then_else(grade IS NULL, 'a', 'b')",
        "LIKE": "if_then_else(email LIKE '%@example.org', 'a', 'b')",
        "TRY_CAST": "TRY_CAST(birth_date AS DATE) + 1",
    }

    assert compile_expression(examples[operator], columns=set(EXAMPLE_ROW)).sql


def test_every_toml_block_is_toml():
    found = list(blocks("toml"))

    assert len(found) >= 5
    for page, block in found:
        assert tomllib.loads(block), shown(page)


def test_every_whole_pipeline_in_the_pages_can_be_read(tmp_path: Path):
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "grade.csv").write_text("from,to\nK,KG\n", encoding="utf-8")
    whole = [(page, block) for page, block in blocks("toml") if "[source]" in block and "[deliver." in block]
    assert len(whole) >= 3
    for place, (page, block) in enumerate(whole):
        name = tomllib.loads(block).get("name", f"pipeline-{place}")
        (tmp_path / "pipelines" / f"{name}.toml").write_text(block, encoding="utf-8")
        assert load_pipeline(load_project(tmp_path), name).deliveries, shown(page)


def test_every_python_block_of_a_connector_can_be_loaded():
    whole = [(page, block) for page, block in blocks("python") if page.name != GENERATED]
    for page, block in whole:
        module = ModuleType("rosterbus_example")
        exec(compile(block, shown(page), "exec"), module.__dict__)
        assert hasattr(module, "validate") or module.layouts[0].spec.file == "students.csv"


def test_every_link_leads_somewhere():
    broken = []
    for page in PAGES:
        for target, anchor in LINK.findall(text(page)):
            place = (page.parent / target).resolve() if target else page
            if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
                broken.append(f"{shown(page)}: {target}#{anchor}")
    assert broken == []


def test_every_page_of_the_documentation_is_linked_from_another():
    linked = {
        (page.parent / target).resolve() for page in PAGES for target, _ in LINK.findall(text(page)) if target
    }

    assert [shown(page) for page in PAGES if page.is_relative_to(DOCS) and page.resolve() not in linked] == []
