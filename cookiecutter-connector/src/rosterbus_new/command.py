"""`rosterbus new`."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from rosterbus.errors import ConfigError

from rosterbus_new.answers import Answers, complete, questions
from rosterbus_new.record import names, record_of, write_record
from rosterbus_new.rendering import distribution, move_into_place, render, template_version

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("new")
@click.argument("given", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--no-input", is_flag=True, help="Ask nothing; what is not given is as the template has it.")
@click.option("--into", type=FOLDER, default=Path(), help="Where the new folder goes; default: here.")
def new(given: Sequence[str], no_input: bool, into: Path) -> int:
    """Generate a connector that builds, passes its tests and can be certified as it is.

    Asks for name, system, kind (destination, source, both, report, rules), transport (sftp, s3, https, folder,
    database), author and email; each may be given as KEY=VALUE.
    """
    answers = _answers(given, ask=not no_input)
    place = into / distribution(answers)
    refuse_taken(place)
    with tempfile.TemporaryDirectory(prefix="rosterbus-new-") as name:
        made = render(answers, Path(name))
        write_record(made, record_of(made, template=template_version(), answers=answers))
        written = list(names(made))
        into.mkdir(parents=True, exist_ok=True)
        move_into_place(made, place)
    for line in story(answers, place, written):
        click.echo(line)
    return 0


def refuse_taken(place: Path) -> None:
    """Raises ConfigError where something is there that would be written over."""
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        what = "there is something already, and nothing of it is touched; take another name or `--into`"
        raise ConfigError(what, file=place)


def story(answers: Answers, place: Path, written: Sequence[str]) -> Iterator[str]:
    """What was written, and what to type next."""
    yield f"{place}: {answers['system']}, {answers['kind']}, {answers.get('transport', 'no transport')}"
    yield from (f"  {name}" for name in written)
    yield ""
    yield "next:"
    yield f"  cd {shlex.quote(str(place))}"
    yield "  uv sync"
    yield "  uv run pytest"
    yield "  uv run rosterbus certify ."
    yield "README.md goes on from there."


def _answers(given: Sequence[str], *, ask: bool) -> Answers:
    told = dict(_pair(one) for one in given)
    return complete(_asked(told) if ask else told)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError("this is no answer", found=repr(text), allowed="KEY=VALUE, as in `name=acme`")
    return key, value


def _asked(told: Answers) -> Answers:
    """Ask for everything that was not given, each until the answer is allowed."""
    answers = dict(told)
    for question in questions({}):
        if question in questions(answers) and question.key not in answers:
            choices = f" [{', '.join(question.choices)}]" if question.choices else ""
            answers[question.key] = click.prompt(
                question.asks + choices,
                default=question.default(answers),
                value_proc=_checked(question.check),
                show_default=bool(question.default(answers)),
            )
    return answers


def _checked(check: Callable[[str], None]) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            check(text.strip())
        except ConfigError as error:
            raise click.UsageError(str(error)) from error
        return text.strip()

    return read
