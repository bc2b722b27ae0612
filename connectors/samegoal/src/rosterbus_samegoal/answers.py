"""What SameGoal's stand-in does, and how each of it is known."""

from __future__ import annotations

from rosterbus.deliveries import TwinAnswer

from rosterbus_samegoal.published import ARTICLE, BULK_LOADER, CSV_API, ENROLLMENT, RFC_4180, SFTP_ACCOUNT

ANSWERS = tuple(
    TwinAnswer(behaviour, known, source)  # type: ignore[arg-type]
    for behaviour, known, source in (
        ("only a public key logs in", "published", SFTP_ACCOUNT),
        ("an epoch is taken when it holds COMPLETE, in capitals", "published", ARTICLE),
        (
            "what is in /upload without an epoch is ignored, and no error comes back",
            "published",
            SFTP_ACCOUNT,
        ),
        ("an epoch that was taken is moved to /upload-processed", "published", SFTP_ACCOUNT),
        ("an epoch is moved even where its files were refused", "assumed", SFTP_ACCOUNT),
        ("an epoch whose name was taken before stays in /upload", "assumed", SFTP_ACCOUNT),
        (
            "an epoch is known by eight digits, a hyphen and six digits, a real time or not",
            "assumed",
            ARTICLE,
        ),
        ("files with the suffix _auto.csv are moved to an epoch with COMPLETE", "published", ARTICLE),
        ("those that are there at one time come into one epoch", "assumed", ARTICLE),
        ("a misnamed file is ignored", "published", ARTICLE),
        ("a file that lacks a column is refused whole; a column more is passed over", "assumed", ARTICLE),
        ("a file with uneven rows or not in UTF-8 is refused whole", "assumed", RFC_4180),
        ("formats, presets and required columns of students.csv", "published", CSV_API),
        ("a row that breaks one of them is refused alone", "assumed", CSV_API),
        ("the second row with a Student Id is refused", "assumed", CSV_API),
        ("students are added and changed, never deleted", "published", BULK_LOADER),
        ("guardians of a loaded student that are missing are deleted", "published", BULK_LOADER),
        ("the nightly load deletes them as the bulk loader does", "assumed", BULK_LOADER),
        ("without guardians.csv none is deleted", "assumed", BULK_LOADER),
        ("a guardian whose Student Id is not in students.csv is not loaded", "published", BULK_LOADER),
        ("Historical/Idle does not go back to Enrolled by itself", "published", ENROLLMENT),
        ("the analysis", "assumed", "rosterbus"),
    )
)
