"""How much memory the hooks of a connector need at most, where the system tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rosterbus.context import RunContext

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
PEAK = "5"
"""Written to `RESET`, it makes Linux count the highest memory anew."""


@dataclass
class MemoryWatch:
    """`grown` are the bytes by which this process grew in each hook at most; none where no system counts them."""

    hooks: dict[str, int] = field(default_factory=dict)

    @property
    def grown(self) -> int:
        """In the hook that needed most."""
        return max(self.hooks.values(), default=0)

    def over(self, context: RunContext) -> None:
        """Watch every hook of the destinations in this run."""
        call = context.plugins.call

        def watched(plugin: str, hook: str, /, **arguments: Any) -> Any:
            if not plugin.startswith("destination:") or not STATUS.exists():
                return call(plugin, hook, **arguments)
            RESET.write_text(PEAK, encoding="ascii")
            before = _kibibytes("VmRSS")
            try:
                return call(plugin, hook, **arguments)
            finally:
                self.hooks[hook] = max(self.hooks.get(hook, 0), (_kibibytes("VmHWM") - before) * 1024)

        context.plugins.call = watched  # type: ignore[method-assign]


def _kibibytes(name: str) -> int:
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
