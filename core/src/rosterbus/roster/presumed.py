"""The columns that a roster table may have, as long as no extract has shown which extra ones the source gives."""

from __future__ import annotations

from collections.abc import Iterable

from rosterbus.mapping.calls import CLOCK


class PresumedColumns(set[str]):
    """Known columns, where any other name is taken for an extra one of the source.

    Without an extract nobody knows which extra columns a source gives, so those that were asked for are remembered.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        super().__init__(names)
        self.known = frozenset(self)

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        if not isinstance(name, str) or name.lower() in CLOCK:
            return False
        self.add(name)
        return True

    @property
    def extras(self) -> list[str]:
        """What was asked for and is not known."""
        return sorted(self - self.known)
