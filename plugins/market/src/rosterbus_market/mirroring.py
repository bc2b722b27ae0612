"""A full copy of a marketplace: every signed file, verified on its way, so that the copy verifies like the origin."""

from __future__ import annotations

import hashlib
import html
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, TargetFile, Targets
from tuf.ngclient import Updater, UpdaterConfig

from rosterbus_market.bootstrapping import BOOTSTRAP, bootstrap
from rosterbus_market.catalogue import CATALOGUE, CLOSURE, PACKAGES, Catalogue, parse_catalogue
from rosterbus_market.closure import Pinned
from rosterbus_market.downloading import Machines, download_closure
from rosterbus_market.fetching import SiteFetcher, base_of
from rosterbus_market.key_folder import NEWEST
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.signing import METADATA, fingerprint
from rosterbus_market.simple_index import INDEX, write_index
from rosterbus_market.site import write_site
from rosterbus_market.state import DEPENDENCIES
from rosterbus_market.swapping import open_to_all
from rosterbus_market.unverified import sentence_of

MARK = "mirror.txt"
MARKED = "A copy of a marketplace, made by `rosterbus market mirror`, which deletes what is not signed.\n"
_LISTS = ("timestamp", "snapshot", "targets")
_LIMITS = UpdaterConfig(snapshot_max_length=500_000, targets_max_length=20_000_000)


@dataclass(frozen=True)
class Origin:
    """A marketplace that is trusted: where it is, its first root, and the folder of what was verified of it.

    `dependencies` is the folder of packages from elsewhere of one that is a copy itself; no index is asked then.
    """

    location: str
    root: bytes
    metadata: Path
    dependencies: Path | None = None


@dataclass(frozen=True)
class Mirrored:
    """What a copy has: files of the marketplace, how many of them were brought now, and packages from elsewhere."""

    files: int
    brought: int
    dependencies: int


def mirror(
    origin: Origin,
    folder: Path,
    *,
    machines: Machines | None,
    told: Callable[[str], None] = lambda line: None,  # noqa: ARG005
) -> Mirrored:
    """Copy a marketplace into `folder`, and what its closure names for `machines`, unless these are None.

    Files that are there as they were signed are kept, so that an interrupted copy goes on. The signed lists are written
    last: until then a copy from before stays what it was. Raises SiteRefusedError for what is not as it was signed.
    """
    _begin(folder)
    try:
        updater = _updated(origin)
        signed = _targets(origin)
        brought = _bring_packages(updater, signed, folder, base_of(origin.location), told)
        last = {
            name: _fetched(updater, signed[name], base_of(origin.location))
            for name in (CATALOGUE, CLOSURE)
            if name in signed
        }
    except (RepositoryError, DownloadError) as error:
        raise sentence_of(error, location=origin.location, target="a file of it") from error
    if CATALOGUE not in last:
        raise SiteRefusedError(f"{origin.location}: the signed list has no `{CATALOGUE}`")
    closure, found = last.get(CLOSURE, b""), 0
    if machines:
        found = download_dependencies(closure, folder, machines, told, near=origin.dependencies)
    _finish(origin, folder, last, set(signed))
    return Mirrored(len(signed), brought + len(last), found)


def _begin(folder: Path) -> None:
    """Mark an empty folder as a copy, or see the mark: what is not signed is deleted from a copy at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / MARK
    if any(folder.iterdir()) and not mark.is_file():
        msg = f"{folder} has something else than a copy of a marketplace; found no `{MARK}`"
        raise SiteRefusedError(f"{msg}; allowed: an empty folder, or one that this command made")
    mark.write_text(MARKED, encoding="utf-8", newline="\n")
    (folder / PACKAGES).mkdir(exist_ok=True)


def download_dependencies(
    closure: bytes,
    folder: Path,
    machines: Machines,
    told: Callable[[str], None],
    *,
    near: Path | None = None,
) -> int:
    """Bring what the closure names into a folder of wheels with an index of its own; answers with their number.

    They are from where uv finds them, or from the folder `near` alone.
    """
    place = folder / DEPENDENCIES
    place.mkdir(exist_ok=True)
    brought = download_closure(closure, place, machines, told=told, near=near)
    shutil.rmtree(place / INDEX, ignore_errors=True)
    for one, wheels in brought:
        _write_links(place / INDEX / one.name, one, wheels)
    kept = {wheel.name for _, wheels in brought for wheel in wheels}
    for path in place.glob("*.whl"):
        if path.name not in kept:
            path.unlink()
    return len(kept)


def _updated(origin: Origin) -> Updater:
    base = base_of(origin.location)
    origin.metadata.mkdir(parents=True, exist_ok=True)
    updater = Updater(
        str(origin.metadata),
        f"{base}{METADATA}/",
        fetcher=SiteFetcher(base),
        config=_LIMITS,
        bootstrap=origin.root,
    )
    updater.refresh()
    return updater


def _targets(origin: Origin) -> Mapping[str, TargetFile]:
    """The list that was verified just now; its paths are looked at before anything is written by them."""
    metadata: Metadata[Targets] = Metadata.from_bytes((origin.metadata / "targets.json").read_bytes())
    for path in metadata.signed.targets:
        parts = path.split("/")
        inside = (
            parts[0] == PACKAGES and len(parts) == 2 and parts[1] not in ("", ".", "..") and "\\" not in path
        )
        if not inside and path not in (CATALOGUE, CLOSURE):
            raise SiteRefusedError(
                f"{origin.location}: the signed list has a path that no marketplace has: `{path}`"
            )
    return metadata.signed.targets


def _bring_packages(
    updater: Updater, signed: Mapping[str, TargetFile], folder: Path, base: str, told: Callable[[str], None]
) -> int:
    packages = {path: target for path, target in sorted(signed.items()) if path.startswith(f"{PACKAGES}/")}
    brought = 0
    for number, (path, target) in enumerate(packages.items(), 1):
        if _is_there(folder / path, target):
            continue
        told(f"{number} of {len(packages)}: {path}")
        content = _fetched(updater, target, base)
        unfinished = (folder / path).with_name(f".{Path(path).name}")
        unfinished.write_bytes(content)
        unfinished.replace(folder / path)
        brought += 1
    return brought


def _is_there(path: Path, target: TargetFile) -> bool:
    if not path.is_file() or path.stat().st_size != target.length:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == target.hashes.get("sha256")


def _fetched(updater: Updater, target: TargetFile, base: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="rosterbus-market-") as name:
        path = Path(name) / "target"
        updater.download_target(target, str(path), base)
        return path.read_bytes()


def _finish(origin: Origin, folder: Path, last: Mapping[str, bytes], signed: set[str]) -> None:
    """Everything that follows from the catalogue, then the signed lists."""
    catalogue: Catalogue = parse_catalogue(last[CATALOGUE])
    for path in (folder / PACKAGES).iterdir():
        if f"{PACKAGES}/{path.name}" not in signed:
            path.unlink()
    for name, content in last.items():
        (folder / name).write_bytes(content)
    shutil.rmtree(folder / INDEX, ignore_errors=True)
    write_index(catalogue, folder)
    (folder / BOOTSTRAP).unlink(missing_ok=True)
    if lines := bootstrap(catalogue, last.get(CLOSURE, b""), folder):
        (folder / BOOTSTRAP).write_text(lines, encoding="utf-8", newline="\n")
    write_site(catalogue, folder, fingerprint=fingerprint(origin.root), location=origin.location)
    lists = folder / METADATA
    lists.mkdir(exist_ok=True)
    roots = sorted(
        (origin.metadata / "root_history").glob("*.root.json"), key=lambda path: int(path.name.split(".")[0])
    )
    for path in roots:
        shutil.copyfile(path, lists / path.name)
    shutil.copyfile(roots[-1], lists / NEWEST)
    for role in reversed(_LISTS):
        shutil.copyfile(origin.metadata / f"{role}.json", lists / f"{role}.json")
    open_to_all(folder)


def _write_links(folder: Path, one: Pinned, wheels: Sequence[Path]) -> None:
    folder.mkdir(parents=True)
    lines = [
        f'<a href="../../{html.escape(path.name)}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">'
        f"{html.escape(path.name)}</a>"
        for path in wheels
    ]
    page = f"<!DOCTYPE html>\n<html><body><h1>{one.name}</h1>\n" + "<br>\n".join(lines) + "\n</body></html>\n"
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")
