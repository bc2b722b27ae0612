"""Write `ours.txt` beside built wheels: a line for each, by name and file, to install or to constrain."""

import sys
from pathlib import Path

dist = Path(sys.argv[1]).resolve()
wheels = {wheel.name.partition("-")[0].replace("_", "-"): wheel for wheel in sorted(dist.glob("*.whl"))}
lines = [f"{name} @ {wheel.as_uri()}\n" for name, wheel in wheels.items()]
(dist / "ours.txt").write_text("".join(lines), encoding="utf-8", newline="\n")
