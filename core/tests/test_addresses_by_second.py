"""What is named by the time has names of its own, also in the hour that a clock has twice or leaves out."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from rosterbus.deliveries import Address, Delivery

CHICAGO = ZoneInfo("America/Chicago")


def by_second(at: datetime, taken: set[str]) -> Address:
    delivery = Delivery(
        id="1",
        plan="p",
        pipeline="springfield",
        name="vendor",
        files=(),
        at=at,
        test=False,
        is_taken=taken.__contains__,
        mark_sent=lambda: None,
        progress=lambda *_: None,
        keep=lambda *_: None,
    )
    return delivery.named_by_second(
        lambda moment: Address("sftp://sftp.example.org", (f"{moment:%H%M%S}.csv",), f"{moment:%H%M%S}.done")
    )


@pytest.mark.parametrize(
    ("at", "taken", "found"),
    [
        (datetime(2026, 11, 20, 21, 4, 59, tzinfo=CHICAGO), set(), "210459"),
        (datetime(2026, 11, 20, 21, 4, 59, tzinfo=CHICAGO), {"210459.csv", "210500.done"}, "210501"),
        (datetime(2026, 11, 1, 1, 59, 59, tzinfo=CHICAGO), {"015959.csv"}, "010000"),
        (datetime(2026, 3, 8, 1, 59, 59, tzinfo=CHICAGO), {"015959.done"}, "030000"),
    ],
)
def test_the_first_second_of_which_no_name_is_taken_is_used(at: datetime, taken: set[str], found: str):
    assert by_second(at, taken) == Address("sftp://sftp.example.org", (f"{found}.csv",), f"{found}.done")
