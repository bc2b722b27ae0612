"""Plans what would be sent to a vendor's sandbox, and sends nothing.

Started by path with a request and an answer, both files of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rosterbus.errors import RosterbusError
from rosterbus.testing.sandbox import previews


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """The previews, or the sentence that says what is wrong."""
    try:
        found = previews(request["module"], Path(request["against"]), Path(request["folder"]))
    except RosterbusError as error:
        return {"problem": str(error)}
    return {"previews": found}


if __name__ == "__main__":
    answered = answer(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    Path(sys.argv[2]).write_text(json.dumps(answered), encoding="utf-8", newline="\n")
