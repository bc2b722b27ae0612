"""The moment now, which whoever opens a ledger may set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The moment now, aware and in UTC."""
    return datetime.now(UTC)
