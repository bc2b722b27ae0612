"""Writing a marketplace: all of its folder follows from its catalogue and its wheels, and is signed at the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rosterbus.certificates import SUFFIX, write_certificate
from rosterbus.errors import ConfigError

from rosterbus_market.catalogue import CATALOGUE, CLOSURE, PACKAGES, Catalogue, write_catalogue
from rosterbus_market.examining.archive import open_archive
from rosterbus_market.key_folder import NEWEST, KeyFolder
from rosterbus_market.pinning import resolve_closure
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.signing import (
    METADATA,
    Signed,
    fingerprint,
    require,
    sign_moment,
    sign_targets,
    signatures,
    signatures_of,
    take_targets,
    versions_of,
)
from rosterbus_market.simple_index import METADATA_SUFFIX, write_index
from rosterbus_market.site import write_site
from rosterbus_market.swapping import recovered, replaced

UNRESOLVED = b"# what the connectors need from elsewhere was not resolved when this was built\n"


@dataclass(frozen=True)
class Contents:
    """What a marketplace is to have. `wheels` says where each wheel of the catalogue lies now, by file name.

    `closure` is the one to keep, None to resolve it, and blank for none.
    """

    catalogue: Catalogue
    wheels: Mapping[str, Path]
    closure: bytes | None = None


@dataclass(frozen=True)
class Place:
    """Where a marketplace goes: `site`, or `stage` where people still have to sign what `site` will become."""

    site: Path
    keys: KeyFolder
    stage: Path | None = None
    location: str = ""
    told: Callable[[str], None] = field(default=lambda line: None)  # noqa: ARG005


@dataclass(frozen=True)
class Issued:
    """What was written, and who signed it. `folder` is the site, or the stage where signatures are missing."""

    folder: Path
    catalogue: Catalogue
    signed: Signed
    fingerprint: str


def issue(contents: Contents, place: Place) -> Issued:
    """Write the marketplace anew, sign it, and let it take the place of the old one.

    Raises SiteRefusedError where too few people's keys are at hand and no stage is named; nothing is changed then.
    """
    _require_root(place.keys)
    check_replaceable(place.stage or place.site)
    before = versions_of(recovered(place.site), place.keys)
    with replaced(place.stage or place.site) as folder:
        write_contents(contents, folder, place)
        staged = place.stage is not None
        signed = sign_targets(folder, place.keys, version=before["targets"] + 1, staged=staged)
        if not staged:
            sign_moment(folder, place.keys, versions=before)
    _remember(place, contents.catalogue)
    return Issued(place.stage or place.site, contents.catalogue, signed, own_fingerprint(place.keys))


def finish(stage: Path, place: Place, catalogue: Catalogue) -> Issued:
    """Publish a stage that enough people signed: the machine signs that it is the newest, and it takes its place."""
    check_replaceable(place.site)
    before = versions_of(place.site, place.keys)
    signed, version = signatures_of(stage, place.keys.root.signed), versions_of(stage)["targets"]
    require(signed)
    if version <= before["targets"]:
        msg = f"{stage} was made before what is published now; found {version}; stage it again"
        raise SiteRefusedError(f"{msg}; allowed: {before['targets'] + 1} or higher")
    packages, closure = stage / PACKAGES, (stage / CLOSURE).read_bytes()
    wheels = {one.wheel: packages / one.wheel for entry in catalogue.entries for one in entry.releases}
    with replaced(place.site) as folder:
        # What nobody signs, pages and index, is written here again: the stage went through other hands.
        write_contents(Contents(catalogue, wheels, closure), folder, place)
        take_targets(stage, folder, place.keys)
        sign_moment(folder, place.keys, versions=before)
    _remember(place, catalogue)
    return Issued(place.site, catalogue, signed, own_fingerprint(place.keys))


def write_contents(contents: Contents, folder: Path, place: Place) -> None:
    """Everything but the signatures."""
    packages = folder / PACKAGES
    packages.mkdir()
    for entry in contents.catalogue.entries:
        for release in entry.releases:
            wheel = packages / release.wheel
            shutil.copyfile(contents.wheels[release.wheel], wheel)
            (packages / f"{release.wheel}{METADATA_SUFFIX}").write_bytes(metadata_of(wheel, release.sha256))
            for one in release.attestations:
                if one.ran == "publisher":
                    write_certificate(one.certificate, packages / f"{release.wheel}{SUFFIX}")
    write_catalogue(contents.catalogue, folder / CATALOGUE)
    write_index(contents.catalogue, folder)
    closure = contents.closure
    if closure is None:
        place.told("resolving what the connectors need from elsewhere")
        closure = resolve_closure(contents.catalogue, folder)
    (folder / CLOSURE).write_bytes(closure or UNRESOLVED)
    location = place.location or place.keys.issue.location or str(place.site)
    write_site(contents.catalogue, folder, fingerprint=own_fingerprint(place.keys), location=location)


def metadata_of(wheel: Path, sha256: str) -> bytes:
    """METADATA of a wheel that was examined before; raises SiteRefusedError where it is another file since."""
    archive = open_archive(wheel)
    if archive.sha256 != sha256:
        raise SiteRefusedError(f"{wheel.name} changed while it was being published")
    name = "-".join(wheel.name.split("-")[:2])
    return archive.read(f"{name}.dist-info/METADATA")


def own_fingerprint(keys: KeyFolder) -> str:
    """The fingerprint of the first root, from which a client goes on to the newest; so it stays for ever."""
    return fingerprint(keys.roots[0].read_bytes())


def check_replaceable(site: Path) -> None:
    """Refuse to put a marketplace where something else lies."""
    recovered(site)
    if site.exists() and not (site / METADATA).is_dir() and (site.is_file() or any(site.iterdir())):
        raise ConfigError("there is something else than a marketplace; name another folder", file=site)


def _require_root(keys: KeyFolder) -> None:
    root = keys.root
    signed = signatures(root, root.signed, "root")
    require(signed, advice=f"`rosterbus market keys sign {keys.folder / NEWEST}` on their machines")


def _remember(place: Place, catalogue: Catalogue) -> None:
    known = place.keys.issue
    place.keys.remember(replace(known, title=catalogue.title, location=place.location or known.location))
