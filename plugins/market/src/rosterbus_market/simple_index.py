"""The index of a marketplace's wheels that pip and uv read, as pages (PEP 503) and as JSON (PEP 691)."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus_market.catalogue import PACKAGES, Catalogue, Release

INDEX = "simple"
METADATA_SUFFIX = ".metadata"
_VERSION = "1.1"


def write_index(catalogue: Catalogue, site: Path) -> None:
    """Write the index of a site whose wheels and their metadata files (PEP 658) are in place.

    A withdrawn release stays listed, yanked with its reason (PEP 592), so that a lock which names it fails for that.
    """
    index = site / INDEX
    names = [entry.distribution for entry in catalogue.entries]
    for entry in catalogue.entries:
        files = [_file(release, site) for release in entry.releases]
        versions = sorted(release.version for release in entry.releases)
        detail = {"name": entry.distribution, "versions": versions, "files": files}
        _write(index / entry.distribution, detail, _links(entry.distribution, files))
    projects = [{"name": name} for name in names]
    links = [f'<a href="{name}/">{name}</a>' for name in names]
    _write(index, {"projects": projects}, _page("Connectors", links))


def _file(release: Release, site: Path) -> dict[str, Any]:
    metadata = (site / PACKAGES / f"{release.wheel}{METADATA_SUFFIX}").read_bytes()
    return {
        "filename": release.wheel,
        "url": f"../../{PACKAGES}/{release.wheel}",
        "hashes": {"sha256": release.sha256},
        "size": release.size,
        "requires-python": release.requires_python or None,
        "core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()},
        "yanked": release.withdrawn.reason if release.withdrawn else False,
    }


def _links(name: str, files: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for file in files:
        attributes = {"data-core-metadata": f"sha256={file['core-metadata']['sha256']}"}
        if file["requires-python"]:
            attributes["data-requires-python"] = file["requires-python"]
        if file["yanked"]:
            attributes["data-yanked"] = file["yanked"]
        written = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes.items())
        address = f"{file['url']}#sha256={file['hashes']['sha256']}"
        lines.append(f'<a href="{html.escape(address)}"{written}>{html.escape(file["filename"])}</a>')
    return _page(name, lines)


def _page(title: str, links: Sequence[str]) -> str:
    body = "<br>\n".join(links)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f'<meta name="pypi:repository-version" content="{_VERSION}"><title>{html.escape(title)}</title></head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _write(folder: Path, values: Mapping[str, Any], page: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    answer = {"meta": {"api-version": _VERSION}, **values}
    text = json.dumps(answer, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / "index.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")
