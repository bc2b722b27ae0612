"""The template, rendered: where it lies, and what comes of it for some answers."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cookiecutter.exceptions import CookiecutterException  # type: ignore[import-untyped]
from cookiecutter.generate import generate_context, generate_files  # type: ignore[import-untyped]
from cookiecutter.prompt import prompt_for_config  # type: ignore[import-untyped]
from rosterbus.errors import RosterbusError

from rosterbus_new.answers import Answers
from rosterbus_new.checkout import editable

INSTALLED = Path(__file__).parent / "template"
CHECKOUT = Path(__file__).parents[2]
DISTRIBUTION = "rosterbus-new"


def template() -> Path:
    """The folder of the template: within an installed package, or beside the source of a checkout."""
    return INSTALLED if (INSTALLED / "cookiecutter.json").is_file() else CHECKOUT


def template_version() -> str:
    """The template has the version of the distribution that brings it."""
    return version(DISTRIBUTION)


def distribution(answers: Answers) -> str:
    """The name of the distribution, which is that of its folder."""
    return f"rosterbus-{answers['name']}"


def render(
    answers: Answers,
    into: Path,
    *,
    layout: Mapping[str, str] | None = None,
    source: Path | None = None,
    place: Path | None = None,
) -> Path:
    """Render the template below `into`, and answer with the new folder.

    `layout` are the variables of a drafted layout, if any; `source` is another template; `place` is where the folder
    will lie in the end, so that it can say where a checkout of rosterbus is from there. Raises RosterbusError where
    the template is broken.
    """
    folder = source or template()
    given: dict[str, Any] = {**{key: answer for key, answer in answers.items() if answer}, **(layout or {})}
    given["_checkout"] = editable((place or into / distribution(answers)).resolve())
    context = generate_context(str(folder / "cookiecutter.json"), extra_context=given)
    try:
        values: Mapping[str, Any] = prompt_for_config(context, no_input=True)
        made = generate_files(folder, {"cookiecutter": values}, into)
    except CookiecutterException as error:
        raise RosterbusError(f"the template cannot be rendered: {error}") from error
    return Path(made)


def move_into_place(rendered: Path, place: Path) -> None:
    """Give the new folder its name, or fill the empty one that is there."""
    if place.exists():
        place.rmdir()
    shutil.move(rendered, place)
