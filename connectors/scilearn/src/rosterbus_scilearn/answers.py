"""What mySciLEARN's stand-in does, and how each of it is known."""

from __future__ import annotations

from rosterbus.deliveries import TwinAnswer

from rosterbus_scilearn.published import ADDING, ARTICLE, IMPORTING, TRANSFERRING, UPDATING

ANSWERS = tuple(
    TwinAnswer(behaviour, known, source)  # type: ignore[arg-type]
    for behaviour, known, source in (
        ("start, status and cancel are POST requests of a form over HTTPS", "published", ARTICLE),
        ("all three need login and password", "published", ARTICLE),
        ("wrong ones are answered 401", "assumed", ARTICLE),
        ("a file is taken with the fields file, login and password", "published", ARTICLE),
        ("status and cancel take no job number", "published", ARTICLE),
        ("the texts of the answers", "assumed", ARTICLE),
        ("the status is that of the last update: completed, running or canceled", "published", ARTICLE),
        ("before the first update the status says that there was none", "assumed", ARTICLE),
        ("a completed update may have students who were not updated", "published", ARTICLE),
        ("the results come by e-mail alone", "published", ARTICLE),
        ("the mails lie in the folder mail", "assumed", "rosterbus"),
        ("a second start while an update is running is answered 409", "assumed", ARTICLE),
        ("a cancel ends what is not worked off yet; who was updated stays updated", "published", ARTICLE),
        ("a cancel where nothing runs changes nothing", "published", ARTICLE),
        ("the first line is the header", "published", UPDATING),
        ("without STUDENT_ID nothing is taken, and the job completes", "assumed", UPDATING),
        ("columns that are not known are passed over", "assumed", UPDATING),
        ("the names of six of the eight columns", "assumed", f"{UPDATING}; {IMPORTING}"),
        ("an update changes students who are there", "published", UPDATING),
        ("who was never sent counts as imported before, unless it is `strict`", "assumed", "rosterbus"),
        ("a user name is unique in the district", "published", ADDING),
        ("one that another student has fails the row", "assumed", ADDING),
        ("the second row with an id, a user name, or both names and the birth date fails", "assumed", ADDING),
        ("a birth date is MM/DD/YYYY", "published", IMPORTING),
        ("one that is not fails the row", "assumed", IMPORTING),
        ("a blank cell leaves what is there", "assumed", UPDATING),
        ("another SCHOOL_ID moves the student", "published", TRANSFERRING),
        ("the analysis", "assumed", "rosterbus"),
    )
)
