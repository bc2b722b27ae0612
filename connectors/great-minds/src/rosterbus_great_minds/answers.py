"""What the twin does, and how each of it is known."""

from __future__ import annotations

from rosterbus.deliveries import TwinAnswer

from rosterbus_great_minds.published import (
    ARTICLE,
    CLASSES,
    ENROLLMENTS_CSV,
    ONEROSTER,
    ONEROSTER_REPORTS,
    STAFF,
    STUDENTS,
    USERS_CSV,
)

ANSWERS = tuple(
    TwinAnswer(behaviour, known, source)  # type: ignore[arg-type]
    for behaviour, known, source in (
        ("a file with another name than the student template is refused whole", "published", STUDENTS),
        ("an empty file, one over 2 MB or over 1,000 rows is refused whole", "published", STUDENTS),
        ("a file with other headers than its template is refused whole", "published", STUDENTS),
        ("2 MB are 2,000,000 bytes, and the header is none of the 1,000 rows", "assumed", STUDENTS),
        ("an upload creates people and classes and changes none", "published", STUDENTS),
        ("a row with an error is not created, and the others are", "published", ARTICLE),
        (
            "ids and user names are the district's, e-mail addresses the platform's",
            "published",
            f"{STUDENTS}; {STAFF}",
        ),
        ("a class needs an existing teacher of the chosen school", "published", CLASSES),
        ("the same class uploaded twice becomes two", "published", CLASSES),
        (
            "one line of the report for each error, with id for people and without for classes",
            "published",
            ARTICLE,
        ),
        ("the texts of errors and of a banner without errors", "assumed", ARTICLE),
        ("row numbers count the header, unless `row_numbers` says otherwise", "assumed", ARTICLE),
        ("there is a report only where there was an error", "published", ARTICLE),
        ("somebody uploads every part in the order of the steps", "assumed", "rosterbus"),
        ("the newest package is taken overnight", "published", ONEROSTER),
        ("a package that was taken is not taken again, and stays", "assumed", ONEROSTER),
        ("a package without its four files, or with other columns, fails whole", "assumed", ONEROSTER),
        ("ids, enabledUser and additional roles of users.csv", "published", USERS_CSV),
        ("required columns and the school of enrollments.csv", "published", ENROLLMENTS_CSV),
        ("a row that refers to none is refused alone", "assumed", ENROLLMENTS_CSV),
        ("states and columns of the package's reports", "published", ONEROSTER_REPORTS),
        (
            "each file has a report of its own, whose row numbers count the header",
            "assumed",
            ONEROSTER_REPORTS,
        ),
        ("the SFTP server lets a public key in", "assumed", ONEROSTER),
    )
)
