"""What Scientific Learning has published about student updates, and the page that states each."""

from __future__ import annotations

ARTICLE = "mySciLEARN, Automate the Update feature (advanced)"
UPDATING = "mySciLEARN, Updating students from a file"
IMPORTING = "mySciLEARN, Importing students from a file"
ADDING = "mySciLEARN, Adding a new student"
TRANSFERRING = "mySciLEARN, Transferring students to another school"

DOMAIN = "scilearn.com"
PATH = "/slc"
START, STATUS, CANCEL = (f"/studentupdate/{verb}" for verb in ("start", "status", "cancel"))
"""The article's second example for `status` points at `cancel`; its own text and its first example do not."""

COLUMNS = (
    "STUDENT_ID",
    "USERNAME",
    "PASSWORD",
    "FIRST_NAME",
    "LAST_NAME",
    "DOB",
    "GRADE",
    "SCHOOL_ID",
)
"""Of the update file. The page names the eight and shows the first two headers; the others are those that the page on
the import has, and PASSWORD is what its first letters stand for."""
DATE = "%m/%d/%Y"
