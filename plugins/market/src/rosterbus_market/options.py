"""Options that several commands of the market share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def folder_option(function: F) -> F:
    """`--folder`: which project is meant."""
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="The project folder; default: this one, or above.",
    )(function)


def yes_option(function: F) -> F:
    """`--yes`: what is shown was agreed to before."""
    return click.option("--yes", is_flag=True, help="Agree to what is shown.")(function)


def mirror_option(function: F) -> F:
    """`--offline-from`: everything from a mirror."""
    return click.option(
        "--offline-from",
        "mirror",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        metavar="MIRROR",
        help="Everything from this mirror; no network is used.",
    )(function)
