"""Put the parts that were chosen into place, and take the others away."""

import shutil
from pathlib import Path

KIND, TRANSPORT = "{{ cookiecutter.kind }}", "{{ cookiecutter.transport }}"
PARTS = Path("_parts")

for kind in ("source", "destination") if KIND == "both" else (KIND,):
    for part in (kind, f"{kind}-{TRANSPORT}"):
        if (PARTS / part).is_dir():
            shutil.copytree(PARTS / part, ".", dirs_exist_ok=True)
shutil.rmtree(PARTS)
