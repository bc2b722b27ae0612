"""Brings an export from wherever it is into a private folder, and keeps the last one for previews."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rosterbus.errors import ConfigError, ConnectorError
from rosterbus.plugins import Plugins
from rosterbus.private import open_private, private_folder
from rosterbus.transports import FileTransport, HttpsTransport, local_path, scheme_of

CHUNK = 1 << 20
CORE_TRANSPORTS = {"transport:file": FileTransport(), "transport:https": HttpsTransport()}


class Fetcher:
    """Fetches for one pipeline. With `reuse`, nothing is fetched from elsewhere: the last copy is taken."""

    def __init__(self, folder: Path, *, start: Path, reuse: bool = False) -> None:
        self._folder, self._start, self._reuse = folder, start, reuse

    def __call__(self, location: str, transport: Mapping[str, Any]) -> Path:
        """The local path of what is at `location`: a file or a folder. Local files are read where they are."""
        scheme = scheme_of(location)
        if scheme == "file":
            return self._start / local_path(location)
        kept = self._folder / hashlib.sha256(location.encode()).hexdigest()[:16]
        if self._reuse:
            return self._last(kept, location)
        fresh = private_folder(kept.with_suffix(".new"))
        shutil.rmtree(fresh)
        private_folder(fresh)
        _bring(scheme, location, transport, fresh)
        if kept.exists():
            shutil.rmtree(kept)
        fresh.rename(kept)
        return self._last(kept, location)

    def _last(self, kept: Path, location: str) -> Path:
        if not kept.is_dir():
            msg = "there is no copy of the export here yet; run `rosterbus plan` once, or name a local file as location"
            raise ConfigError(msg, key="location", found=scheme_of(location))
        single = kept / _name(location)
        return single if single.is_file() and len(list(kept.iterdir())) == 1 else kept


def _bring(scheme: str, location: str, transport: Mapping[str, Any], folder: Path) -> None:
    core = f"transport:{scheme}" in CORE_TRANSPORTS
    plugins = Plugins([] if core else [("transport", scheme)], core=CORE_TRANSPORTS)
    plugin = f"transport:{scheme}"
    listed = plugins.call(plugin, "list", step="listing the export", location=location, transport=transport)
    names = [name for name, _ in listed]
    for name in names or [""]:
        if name and name != PurePosixPath(name).name:
            raise ConnectorError("the export's folder names a file outside itself")
        place = f"{location.rstrip('/')}/{name}" if name else location
        source = plugins.call(plugin, "open", step="reading the export", location=place, transport=transport)
        with source, open_private(folder / (name or _name(location)), "wb") as copy:
            shutil.copyfileobj(source, copy, CHUNK)


def _name(location: str) -> str:
    return PurePosixPath(location.partition("?")[0]).name or "export"
