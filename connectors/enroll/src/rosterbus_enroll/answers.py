"""What Enroll's stand-in does, and how each of it is known."""

from __future__ import annotations

from rosterbus.deliveries import TwinAnswer

from rosterbus_enroll.published import ARTICLE

ANSWERS = tuple(
    TwinAnswer(behaviour, known, source)  # type: ignore[arg-type]
    for behaviour, known, source in (
        ("only an approved registration can be synced", "published", ARTICLE),
        ("only what was synced is exported, as it was when it was synced last", "published", ARTICLE),
        ("nothing synced since the last export: no file is written", "published", ARTICLE),
        ("an export takes the place of the file before", "published", ARTICLE),
        ("several years at once: a folder for each start year below SISData/exports", "published", ARTICLE),
        ("a single year goes to the folder of the exports itself", "assumed", ARTICLE),
        ("every field stands between text identifiers", "assumed", ARTICLE),
        ("an export is there whole or not at all", "assumed", "rosterbus"),
        ("the SIS reads files called *.csv and leaves them where they are", "assumed", "rosterbus"),
        ("the SIS refuses a row with another number of fields than the header", "assumed", "rosterbus"),
        ("public key or password", "assumed", "rosterbus"),
    )
)
