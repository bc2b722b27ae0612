"""`rosterbus certify`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rosterbus.certificates import Certificate
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError, RosterbusError, unforeseen

from rosterbus_certify.examining import Asked, Examination, examine
from rosterbus_certify.issuing import issue
from rosterbus_certify.remembering import remember, remembered
from rosterbus_certify.telling import Progress, sending, standing, summary, told


@dataclass(frozen=True)
class Ended:
    """What came of one path: an examination with its certificate, or the error that stood in the way."""

    path: Path
    examination: Examination | None = None
    certificate: Certificate | None = None
    written: Path | None = None
    error: RosterbusError | None = None

    @property
    def exit_code(self) -> int:
        """0 certified or draft, 1 a test failed, 2 it could not be put to the test as it was asked."""
        if self.error:
            return self.error.exit_code
        return 0 if self.examination and self.examination.passed else 1

    @property
    def standing(self) -> str:
        """Certified, draft, failed; "passed" for a part of the suite, "not examined" where it did not come so far."""
        if self.examination is None or self.certificate is None:
            return "not examined"
        return "passed" if self.examination.passed and not self.written else self.certificate.standing

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "path": str(self.path),
            "certificate": str(self.written) if self.written else None,
            "standing": self.standing,
            "failed": self.examination.failed if self.examination else [],
            "trouble": self.examination.hearing.trouble if self.examination else [],
            **({"error": str(self.error)} if self.error else {}),
            "exit": self.exit_code,
        }


MOST = 16
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("certify")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--fast", is_flag=True, help="Leave out the slow tests: within a minute, and no certificate.")
@click.option("--last-failed", is_flag=True, help="Only what failed the last time; all where nothing did.")
@click.option("--case", "cases", multiple=True, metavar="CASE",
              help="Only this test, named as a failure names it; may be repeated.")  # fmt: skip
@click.option("--keep", type=FOLDER, metavar="FOLDER", help="Keep the tests' files in this new folder.")
@click.option("--out", type=FOLDER, metavar="FOLDER", help="Where a built wheel goes; default: PATH/dist.")
@click.option("--against", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="SETTINGS.toml",
              help="The harmless tests, against a vendor's own sandbox.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Send to the sandbox without asking.")
@click.option("-n", "--jobs", type=click.IntRange(1, MOST), show_default="1; with --fast all processors",
              help="Processes at once, which share the tests of one wheel, or take wheels each.")  # fmt: skip
@json_option
def certify(
    paths: Sequence[Path],
    *,
    fast: bool,
    last_failed: bool,
    cases: Sequence[str],
    keep: Path | None,
    out: Path | None,
    against: Path | None,
    yes: bool,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Run the conformance suite against wheels, and write a certificate beside each that keeps every promise.

    PATH is a distribution's folder, whose wheel is built, or a wheel. Its plugins are tested as that wheel has them,
    on its own twin, in a process of their own. Exit codes: 0 certified or draft, 1 a test failed, 2 usage.
    """
    if len(paths) > 1 and (cases or keep):
        raise ConfigError(
            "a case and the folder that keeps its files are of one wheel", found=f"{len(paths)} paths"
        )
    console = Console(highlight=False, quiet=as_json, emoji=False)
    processes = jobs or (min(os.cpu_count() or 1, MOST) if fast else 1)
    at_once = min(processes, len(paths))
    asked = Asked(tuple(cases), fast, keep, out, against, jobs=processes // at_once)

    def one(path: Path) -> Ended:
        return _certified(path, asked, console, last_failed=last_failed, several=len(paths) > 1, yes=yes)

    if at_once == 1:
        ended = [one(path) for path in paths]
    else:
        with ThreadPoolExecutor(at_once) as pool:
            ended = list(pool.map(one, paths))
    if len(ended) > 1:
        console.print()
        console.print(summary([_row(one) for one in ended]))
    code = max((one.exit_code for one in ended), key=lambda code: (code == 1, code))
    if as_json:
        documents = [one.as_json() for one in ended]
        print_json(documents[0] if len(documents) == 1 else {"distributions": documents, "exit": code})
    elif len(ended) == 1 and ended[0].error:
        raise ended[0].error
    return code


def _allow(console: Console, previews: Sequence[Mapping[str, Any]], *, yes: bool) -> None:
    """Show what would be sent, and ask; raises ConfigError where nobody can say yes, Abort for a no."""
    for line in sending(previews):
        console.out(line, highlight=False)
    if previews and not yes:
        if console.quiet or not sys.stdin.isatty():
            raise ConfigError(
                "something would be sent to a vendor's system; say so with --yes", key="--against"
            )
        click.confirm("send it?", abort=True)


def _certified(
    path: Path, asked: Asked, console: Console, *, last_failed: bool, several: bool, yes: bool
) -> Ended:
    """Examine one path, tell of it, and issue its certificate; what stands in the way of one stops no other."""
    progress = Progress(console, f"{path.name}: " if several else "")
    try:
        if last_failed:
            asked = replace(asked, cases=tuple(remembered(path, asked.out)))
            if not asked.cases:
                progress.say("nothing failed the last time; the whole suite runs")
        with progress:
            examination = examine(path, asked, progress, allow=partial(_allow, console, yes=yes))
        if asked.against is None:
            remember(path, asked.out, failed=examination.failed, ran=examination.hearing.outcomes)
        certificate, written = issue(examination)
    except click.Abort:
        raise
    except Exception as error:  # noqa: BLE001 - the other paths still have to be examined
        foreseen = error if isinstance(error, RosterbusError) else unforeseen(error)
        if several:
            progress.say(f"not examined: {foreseen}")
        return Ended(path, error=foreseen)
    progress.end(
        [
            *told(examination, path),
            *standing(certificate, written, part=asked.part, slow=examination.hearing.slow),
        ]
    )
    return Ended(path, examination, certificate, written)


def _row(ended: Ended) -> tuple[str, str, str]:
    if ended.error:
        return ended.path.name, ended.standing, str(ended.error)
    failed = ended.examination.failed if ended.examination else []
    because = ended.certificate.because if ended.certificate and not failed else []
    told = [*failed, *because]
    more = f" and {len(told) - 1} more" if len(told) > 1 else ""
    return ended.path.name, ended.standing, f"{told[0]}{more}" if told else ""
