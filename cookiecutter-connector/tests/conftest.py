"""What the tests of `rosterbus new` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rosterbus_new.answers import complete
from rosterbus_new.command import generate


@pytest.fixture
def generated(tmp_path: Path) -> Callable[..., Path]:
    """Generate a connector; keywords are answers, `header` the vendor's file."""

    def make(header: Path | None = None, **answers: str) -> Path:
        given = complete({"name": "acme", **answers})
        generate(given, tmp_path, header)
        return tmp_path / f"rosterbus-{given['name']}"

    return make
