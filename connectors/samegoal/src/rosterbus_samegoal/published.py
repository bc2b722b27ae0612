"""What SameGoal has published about its nightly files: names, columns and values, and the page that states each."""

from __future__ import annotations

ARTICLE = "SameGoal, Other/Custom SIS Demographics Integration"
CSV_API = "SameGoal, Demographics Integration: Generic CSV API"
SFTP_ACCOUNT = "SameGoal, SFTP Account"
BULK_LOADER = "SameGoal, Bulk Loader"
ENROLLMENT = "SameGoal, Student Enrollment Status"
RFC_4180 = "RFC 4180, section 2, to which SameGoal's Generic CSV API points"

UPLOAD, PROCESSED = "/upload", "/upload-processed"
STUDENTS, GUARDIANS = "students.csv", "guardians.csv"
MARKER = "COMPLETE"
"""Case sensitive; nothing in an epoch is read before it is there."""
EPOCH = "%Y%m%d-%H%M%S"
AUTO = "_auto.csv"

COLUMNS = (
    "Student Id",
    "Last Name",
    "Middle Name",
    "First Name",
    "Date of Birth",
    "Gender",
    "District Enrollment",
    "Grade",
    "Address",
    "City",
    "State",
    "Zip",
    "Race",
    "District of Residence",
    "County of Residence",
    "District of Service",
    "Student Reporting Id",
    "Building",
    "Building Reporting Id",
    "SIS Internal ID",
)
"""Of students.csv, in the order of the page. An older copy of it calls "Building Reporting Id" "Building IRN"."""
REQUIRED = (
    "Student Id",
    "Last Name",
    "First Name",
    "Date of Birth",
    "Gender",
    "District Enrollment",
    "Building",
    "Building Reporting Id",
)
LONGEST_ID = 20
GENDERS = ("M", "F", "m", "f", "male", "female", "Male", "Female")
ACTIVE = ("PRE_ENROLLED", "ENROLLED")
IDLE = "HISTORICAL_IDLE"
INACTIVE = ("TRANSFERRED", "WITHDREW", "DROPPED_OUT", "GRADUATED", "INACTIVE", IDLE)
