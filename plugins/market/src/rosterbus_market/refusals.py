"""What a marketplace refuses: a wheel that is not what it says, and a site that nobody vouches for."""

from __future__ import annotations

from rosterbus.errors import PluginError


class WheelRefusedError(PluginError):
    """A wheel is refused before anything of it can run: which one, what was found, what is allowed."""

    def __init__(
        self, wheel: str, wrong: str, *, found: str | None = None, allowed: str | None = None
    ) -> None:
        self.wheel, self.wrong = wheel, wrong
        seen = f"; found {found}" if found is not None else ""
        right = f"; allowed: {allowed}" if allowed is not None else ""
        super().__init__(f"{wheel} is refused: {wrong}{seen}{right}")


class SiteRefusedError(PluginError):
    """The files of a marketplace are not those that its people signed."""
