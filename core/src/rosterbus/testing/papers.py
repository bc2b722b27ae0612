"""Reads what a report wrote as a person's program does: the cells of a table, the text of a page."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")
"""What makes a spreadsheet compute, the wide forms of East Asian languages among it."""
NUMBER = re.compile(r"\s*[+-]?\d[\d.,]*%?\s*")
LOADING = ("src", "srcset", "data", "action", "poster", "background")


@dataclass
class Paper:
    """One report file: `texts` is what can be read in it, `cells` those of a table, which a spreadsheet may be given.

    `wrong` is what a person's program would do with it that nobody asked for.
    """

    texts: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.texts)

    @property
    def formulas(self) -> list[str]:
        """The cells that a spreadsheet would compute; a number alone is none."""
        return [one for one in self.cells if FORMULA.match(one) and not NUMBER.fullmatch(one)]


def read_paper(path: Path) -> Paper:
    """Read a report file by the ending of its name."""
    content = path.read_bytes()
    readers = {".csv": _csv, ".html": _html, ".htm": _html, ".xlsx": _xlsx, ".json": _json}
    reader = readers.get(path.suffix.lower())
    return reader(content) if reader else Paper([content.decode("utf-8")])


def _csv(content: bytes) -> Paper:
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    cells = [cell for row in rows for cell in row]
    return Paper(cells, cells)


def _json(content: bytes) -> Paper:
    # Nobody opens it in a spreadsheet, and a program reads every text as it is.
    return Paper([json.dumps(json.loads(content), ensure_ascii=False)])


def _xlsx(content: bytes) -> Paper:
    paper = Paper()
    with zipfile.ZipFile(io.BytesIO(content)) as workbook:
        # The plugin under test wrote it a moment ago.
        trees = {
            name: ElementTree.fromstring(workbook.read(name))  # noqa: S314
            for name in sorted(workbook.namelist())
            if name.endswith((".xml", ".rels"))
        }
    shared = [_text(one) for tree in trees.values() for one in _all(tree, "si")]
    quoted = _quoting(trees["xl/styles.xml"]) if "xl/styles.xml" in trees else set()
    for name, tree in trees.items():
        paper.cells += [
            _cell(one, shared, quoted) for one in _all(tree, "c") if one.get("t") in ("s", "inlineStr")
        ]
        paper.wrong += [f"a formula in {name}" for _ in _all(tree, "f")]
        paper.wrong += [f"{name} leads outside" for one in tree.iter() if one.get("TargetMode") == "External"]
    paper.texts = paper.cells + [one.text or "" for tree in trees.values() for one in _all(tree, "v")]
    return paper


def _all(tree: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [one for one in tree.iter() if one.tag.endswith(f"}}{tag}")]


def _text(of: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in _all(of, "t"))


def _quoting(styles: ElementTree.Element) -> set[str]:
    """The numbers of the styles that make a text of whatever is typed."""
    [formats] = _all(styles, "cellXfs")
    return {str(place) for place, one in enumerate(formats) if one.get("quotePrefix") in ("1", "true")}


def _cell(cell: ElementTree.Element, shared: list[str], quoted: set[str]) -> str:
    """A text as it stands in the line where it is edited: after an apostrophe, where the style says so."""
    text = _text(cell) if cell.get("t") == "inlineStr" else shared[int(cell.findtext("{*}v") or 0)]
    return f"'{text}" if cell.get("s") in quoted else text


def _html(content: bytes) -> Paper:
    page = _Page()
    page.feed(content.decode("utf-8"))
    page.close()
    return page.paper


class _Page(HTMLParser):
    """Collects texts, and whatever would be loaded from elsewhere or run on its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paper = Paper()
        self._silent = ""
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        given = {name: str(value or "") for name, value in attrs}
        loaded = [given[name] for name in LOADING if name in given]
        loaded += [given.get("href", "")] if tag in ("link", "base", "use", "image") else []
        self.paper.wrong += [
            f"<{tag}> loads {one[:40]}" for one in loaded if one and not one.startswith(("#", "data:"))
        ]
        self.paper.wrong += [f"<{tag}> has {name}" for name in given if name.startswith("on")]
        self.paper.wrong += [f"<{tag}> is no tag of a report"] if tag.startswith("zq") else []
        self.paper.texts += [given[name] for name in ("title", "aria-label", "alt") if given.get(name)]
        self._silent = tag if tag in ("script", "style") else self._silent
        self._cell = [] if tag in ("td", "th") else self._cell

    def handle_endtag(self, tag: str) -> None:
        self._silent = "" if tag == self._silent else self._silent
        if tag in ("td", "th") and self._cell is not None:
            self.paper.cells.append("".join(self._cell).strip(" \n"))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            self.paper.texts.append(f"{self._silent}: {data}" if data.strip() else "")
            return
        if self._cell is not None:
            self._cell.append(data)
        if data.strip():
            self.paper.texts.append(data.strip())
