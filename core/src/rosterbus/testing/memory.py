"""How much memory a connector needs while it sends."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import Any

from rosterbus.context import RunContext


@dataclass
class MemoryWatch:
    """`most` are the bytes that Python took at most while a destination's `load` was at work."""

    most: int = 0

    def over(self, context: RunContext) -> None:
        """Watch the sending of this run."""
        call = context.plugins.call

        def watched(plugin: str, hook: str, /, **arguments: Any) -> Any:
            if hook != "load":
                return call(plugin, hook, **arguments)
            tracemalloc.start()
            try:
                return call(plugin, hook, **arguments)
            finally:
                self.most = max(self.most, tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()

        context.plugins.call = watched  # type: ignore[method-assign]
