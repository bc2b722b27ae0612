"""What a connector can do and cannot do, declared as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ability:
    """What the suite cannot know of a connector.

    `test_files`: whether the vendor takes test files, which it never processes; where it does not, one must be refused.
    `by_hand`: whether a delivery ends with a person, who uploads it; the suite is that person, and says so afterwards.
    `changing`: the roster column that the suite changes to see a change arrive; a layout must send it.
    `network`: whether the vendor is reached over a network; a folder or a database file is not.
    `credentials`: whether the vendor asks for a secret.
    `identity`: whether the vendor proves who it is, by a host key or a certificate, before it is told anything.
    `files`: whether a source reads text files, which the suite writes by `export` and damages.
    `delimiter`: what stands between the cells of these files.
    `encoding_setting`: the setting of such a source by which a pipeline declares another encoding than UTF-8.
    `live`: whether a source asks a system that answers, an API or a database; its twin stands in for that.
    `paged`: whether a live source reads page after page.
    `incremental`: whether a source answers with what changed since the last time.
    `proves_unchanged`: whether a source answers `Unchanged` or `Nothing` where there is nothing new.
    `students`: so many students at once are put to the test; fewer only where the vendor's own limits allow no more.
    `waived`: the name of a test and the reason why this connector cannot pass it. A waived test still runs, and one
    that passes is an error: the waiver is to be taken out.
    """

    test_files: bool = False
    by_hand: bool = False
    changing: str = "last_name"
    network: bool = True
    credentials: bool = True
    identity: bool = True
    students: int = 200_000
    files: bool = True
    delimiter: str = ","
    encoding_setting: str = ""
    live: bool = False
    paged: bool = False
    incremental: bool = False
    proves_unchanged: bool = False
    waived: Mapping[str, str] = field(default_factory=dict)
