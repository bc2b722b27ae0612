"""Makes the district that all contestants read: a package, and its users.csv with a fault in every thousand records."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from rosterbus_oneroster.synthetic import write_district


def main(folder: str, students: str) -> None:
    """Write both into `folder`."""
    schools = max(2, int(students) // 500)
    district = write_district(Path(folder), schools=schools, students=int(students), seed=7, bad_share=0)
    with zipfile.ZipFile(district.path) as package:
        lines = package.read("users.csv").decode("utf-8").splitlines(keepends=True)
    faulty = [f"x,{line}" if number % 1000 == 999 else line for number, line in enumerate(lines)]
    (Path(folder) / "users.csv").write_text("".join(faulty), encoding="utf-8", newline="")


if __name__ == "__main__":
    main(*sys.argv[1:])
