"""What Handshake's stand-in does, and how each of it is known."""

from __future__ import annotations

from rosterbus.deliveries import TwinAnswer

from rosterbus_handshake.published import (
    AUTOMATING,
    AUTORUN,
    CSV_RULES,
    ERRORS,
    FAILURES,
    FORMATTING,
    IMPORTING,
    RUNNING,
    SENSITIVE,
    UPLOADING,
)

ANSWERS = tuple(
    TwinAnswer(behaviour, known, source)  # type: ignore[arg-type]
    for behaviour, known, source in (
        ("the bucket takes files and shows none: reading and listing are denied", "published", UPLOADING),
        ("a put with If-None-Match on a taken name is refused", "assumed", "Amazon S3, conditional writes"),
        ("a file named test or sample is analysed and never processed", "published", AUTORUN),
        ("capitals make no difference in that", "assumed", AUTORUN),
        ("one file in 24 hours is processed by itself", "published", AUTOMATING),
        ("10% of the rows with another e-mail stop autorun", "published", AUTORUN),
        ("50% disabled of the rows that are not skipped stop autorun", "published", AUTORUN),
        ("another auth_identifier for a known username fails the row", "published", SENSITIVE),
        ("the first auth_identifier of an account is taken", "assumed", SENSITIVE),
        ("rows that repeat one of the four unique values are skipped", "published", FORMATTING),
        ("the first of them is not skipped", "assumed", FORMATTING),
        ("a blank leaves the stored value, but of system_label_names", "published", FORMATTING),
        ("**CLEAR** takes a value away, but not of true or false", "published", FORMATTING),
        ("a header that is not known is skipped", "published", IMPORTING),
        (
            "one of the first four required headers missing stops autorun, of the others not",
            "assumed",
            AUTORUN,
        ),
        ("a preset, date or number that is not known is as good as blank", "assumed", IMPORTING),
        ("CRLF and trailing commas end in a system error", "published", FAILURES),
        ("a byte order mark is passed over", "assumed", CSV_RULES),
        ("200,000 rows or 50 MB are too much", "published", CSV_RULES),
        (
            "an .edu address of another school is skipped, where the school's domains are known",
            "published",
            ERRORS,
        ),
        ("a telephone number without ten digits fails the row", "published", ERRORS),
        ("names with digits or over 50 characters fail the row", "assumed", IMPORTING),
        ("failed rows come back with status and response", "published", RUNNING),
        ("the analysis as JSON", "assumed", "rosterbus"),
    )
)
