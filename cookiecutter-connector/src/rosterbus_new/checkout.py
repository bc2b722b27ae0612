"""Where rosterbus's own distributions lie, when they run from a checkout and come from no index."""

from __future__ import annotations

import json
import os
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

OURS = "rosterbus"


def editable(beside: Path) -> dict[str, str]:
    """The folder of each distribution of rosterbus that is installed editable, by name, seen from `beside`.

    Empty where all of them are installed from wheels. A folder on another drive is given whole.
    """
    found = {}
    for distribution in distributions():
        name = distribution.metadata["Name"] or ""
        if (name == OURS or name.startswith(f"{OURS}-")) and (folder := _folder(distribution)):
            found[name] = _seen_from(beside, folder)
    return dict(sorted(found.items()))


def _folder(distribution: Distribution) -> Path | None:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlsplit(origin["url"]).path))


def _seen_from(beside: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(folder, beside)).as_posix()
    except ValueError:
        return folder.as_posix()
