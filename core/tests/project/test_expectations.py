"""What is announced is legitimate for its school or layout, until its day, with a reason."""

from datetime import date

import pytest
from rosterbus.errors import ConfigError
from rosterbus.project import Expect

CLOSING = """
[[expect]]
school = "0123"
removed = "all"
changed = 0.5
until = 2026-07-15
reason = "school closed"
"""


def test_an_announcement_of_two_metrics_is_two(folder):
    closing = {"until": date(2026, 7, 15), "reason": "school closed", "school": "0123"}
    assert folder.small(CLOSING).expects == (
        Expect("removed", "all", **closing),
        Expect("changed", 0.5, **closing),
    )


@pytest.mark.parametrize(
    ("amount", "count", "covered"),
    [
        ("all", 40, True),
        (0.25, 10, True),
        (0.25, 11, False),
        (11, 11, True),
        (11, 12, False),
        (1.0, 40, True),
        (1, 2, False),
    ],
)
def test_all_a_share_and_a_count_cover_what_they_say(amount, count, covered):
    assert Expect("removed", amount, date(2026, 7, 15), "x").covers(count, 40) is covered


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("until = 2026-07-15\n", "", r"line 10: `expect\[0\].until`: this setting is required"),
        (
            "until = 2026-07-15",
            'until = "2026-07-15"',
            r"line 14: `expect\[0\].until`: must be a day, .*found a text",
        ),
        (
            "until = 2026-07-15",
            "until = 2026-07-15 10:00:00",
            "must be a day, written without quotes: 2026-07-15",
        ),
        ('reason = "school closed"', 'reason = " "', r"`expect\[0\].reason`"),
        ('removed = "all"', 'removed = "some"', r"line 12: `expect\[0\].removed`: must be \"all\", a share"),
        ('removed = "all"', "removed = 0", r"`expect\[0\].removed`: must be"),
        ('removed = "all"', "removed = 1.5", r"`expect\[0\].removed`: must be"),
        ('removed = "all"', "removed = true", r"`expect\[0\].removed`: must be .*found true or false"),
        ('removed = "all"', 'new = "all"', r"`expect\[0\].new`: there is no such setting here"),
        (
            'removed = "all"\nchanged = 0.5\n',
            "",
            "does not say what is expected; allowed: removed, changed, identifiers",
        ),
        (
            'school = "0123"\n',
            "",
            "the announcement would switch a guard off everywhere; allowed: a `school`, a",
        ),
    ],
)
def test_an_announcement_that_is_not_whole_is_refused(folder, old, new, message):
    with pytest.raises(ConfigError, match=message):
        folder.small(CLOSING.replace(old, new))
