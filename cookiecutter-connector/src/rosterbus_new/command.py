"""`rosterbus new`."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click
from rosterbus.errors import ConfigError

from rosterbus_new.answers import Answers, complete, questions
from rosterbus_new.drafting import DraftedLayout, draft_layout
from rosterbus_new.record import names, record_of, write_record
from rosterbus_new.rendering import distribution, move_into_place, render, template_version
from rosterbus_new.upgrading import BESIDE, Upgrade, upgrade
from rosterbus_new.vendor_files import read_vendor_file

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("new")
@click.argument("given", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--no-input", is_flag=True, help="Ask nothing; what is not given is as the template has it.")
@click.option(
    "--layout-from",
    "header",
    type=FILE,
    help="A header or template of the vendor: CSV, TSV, text, XLSX.",
)
@click.option("--into", type=FOLDER, default=Path(), help="Where the new folder goes; default: here.")
@click.option(
    "--upgrade", "older", type=FOLDER, help="Bring a generated folder to the template of this version."
)
@click.option("--preview", is_flag=True, help="With --upgrade: only tell what would change.")
def new(
    given: Sequence[str], no_input: bool, header: Path | None, into: Path, older: Path | None, preview: bool
) -> int:
    """Generate a connector that builds, passes its tests and can be certified as it is.

    Asks for name, system, kind (destination, source, both, report, rules), transport (sftp, s3, https, folder,
    database), author and email; each may be given as KEY=VALUE.
    """
    lines: Iterable[str]
    if older is not None:
        if given or header:
            raise click.UsageError("--upgrade goes by the answers that the folder was generated with")
        lines = upgrade_story(older, upgrade(older, preview=preview), preview=preview)
    elif preview:
        raise click.UsageError("--preview goes with --upgrade")
    else:
        lines = generate(_answers(given, ask=not no_input), into, header)
    for line in lines:
        click.echo(line)
    return 0


def generate(answers: Answers, into: Path, header: Path | None = None) -> list[str]:
    """Write a new connector, and answer with what there is to tell. Raises ConfigError, and then wrote nothing."""
    place = into / distribution(answers)
    refuse_taken(place)
    drafted = _drafted(answers, header)
    layout = {"_files": drafted.text, "_changing": drafted.changing} if drafted else {}
    with tempfile.TemporaryDirectory(prefix="rosterbus-new-") as name:
        made = render(answers, Path(name), layout=layout, place=place)
        write_record(made, record_of(made, template=template_version(), answers=answers, layout=layout))
        written = list(names(made))
        into.mkdir(parents=True, exist_ok=True)
        move_into_place(made, place)
    return list(story(answers, place, written, drafted))


def refuse_taken(place: Path) -> None:
    """Raises ConfigError where something is there that would be written over."""
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        what = "there is something already, and nothing of it is touched; take another name, or `--into` another folder"
        raise ConfigError(what, file=place)


def story(
    answers: Answers, place: Path, written: Sequence[str], drafted: DraftedLayout | None
) -> Iterator[str]:
    """What was written, and what to type next."""
    yield f"{place}: {answers['system']}, {' over '.join(filter(None, map(answers.get, ('kind', 'transport'))))}"
    yield from (f"  {name}" for name in written)
    if drafted:
        guessed = drafted.columns - drafted.unlike
        yield f"files.py has {drafted.columns} columns of the header: a source is guessed for {guessed}; see each TODO"
    yield ""
    yield "next:"
    yield f"  cd {shlex.quote(str(place))}"
    yield "  uv sync"
    yield "  uv run pytest"
    yield "  uv run rosterbus certify ."
    yield "README.md goes on from there"


def upgrade_story(folder: Path, done: Upgrade, *, preview: bool) -> Iterator[str]:
    """What an upgrade did or would do, file by file, and what is left to a person."""
    yield f"{folder}: template {done.before} -> {done.now}" + (", nothing is changed yet" if preview else "")
    yield from (f"  {change.what:<14} {change.name}" for change in done.changes)
    edited = [change.name for change in done.changes if change.what == "edited by you"]
    if not done.changes:
        yield "  every file is as the template has it, or as you made it"
    elif preview:
        yield f"next: rosterbus new --upgrade {shlex.quote(str(folder))}"
    elif edited:
        yield f"the new text of what you edited lies beside it, as NAME{BESIDE}; take over what you want"
        yield from (f"  diff {shlex.quote(name)} {shlex.quote(name + BESIDE)}" for name in edited)


def _drafted(answers: Answers, header: Path | None) -> DraftedLayout | None:
    if header is None:
        return None
    if answers["kind"] not in ("destination", "both"):
        what = "only a destination has a layout; leave `--layout-from` out"
        raise ConfigError(what, key="kind", found=answers["kind"], allowed="destination, both")
    return draft_layout(read_vendor_file(header), system=answers["system"])


def _answers(given: Sequence[str], *, ask: bool) -> Answers:
    told = dict(_pair(one) for one in given)
    return complete(_asked(told) if ask else told)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError("this is no answer", found=repr(text), allowed="KEY=VALUE, as in `name=acme`")
    return key, value


def _asked(told: Mapping[str, str]) -> Answers:
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
