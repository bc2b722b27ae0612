"""Imports chosen packages from their sources alone, whatever lies in `__pycache__`.

What a lock says of a package, it says of its sources. Compiled code beside them is taken by Python for theirs if only
size and time of a source fit, so that it is not looked at where a lock is in force.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType


class _Source(SourceFileLoader):
    """Compiles what it loads, and reads and writes nothing compiled."""

    def get_code(self, fullname: str) -> CodeType:
        """The code of the source as it lies there."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self.packages: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self.packages:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Source(spec.loader.name, spec.loader.path)
        return spec


_FINDER = _Finder()


def import_from_source(package: str) -> None:
    """From now on in this process, import a top-level package and all below it from its sources alone."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    _FINDER.packages.add(package)
