"""Write `ours.txt` beside built wheels: one requirement each, by name and file, to install or to constrain."""

import sys
from pathlib import Path

dist = Path(sys.argv[1]).resolve()
lines = [
    f"{wheel.name.split('-')[0].replace('_', '-')} @ {wheel.as_uri()}\n"
    for wheel in sorted(dist.glob("*.whl"))
]
(dist / "ours.txt").write_text("".join(lines), encoding="utf-8", newline="\n")
