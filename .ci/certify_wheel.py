"""Certify the built wheel of one distribution: its certificate comes to lie beside it."""

import sys
from pathlib import Path

from rosterbus.cli import command_line

dist, name = Path(sys.argv[1]), sys.argv[2]
[wheel] = dist.glob(f"{name.replace('-', '_')}-*.whl")
sys.exit(command_line(["certify", str(wheel), "--jobs", "2"]))
