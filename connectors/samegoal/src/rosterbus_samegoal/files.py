"""The two files of the nightly integration, column by column."""

from __future__ import annotations

from rosterbus.layouts import Dialect, Layout, LayoutSpec, code, date, text, words
from rosterbus.settings import Values

from rosterbus_samegoal.published import (
    ACTIVE,
    BULK_LOADER,
    CSV_API,
    GENDERS,
    GUARDIANS,
    INACTIVE,
    LONGEST_ID,
    RFC_4180,
    STUDENTS,
)

CSV = Dialect(newline="\r\n")
UNPUBLISHED = (
    f"SameGoal does not publish the columns of {GUARDIANS}: this header is a guess; "
    "compare it with the specification on SameGoal's page and rename it where it differs"
)
# Whoever is in the roster without an exact status is told from the plain one.
ENROLLED = (
    "match_codes(pick(enrollment_status, status), 'pre_enrolled', 'PRE_ENROLLED', 'enrolled', 'ENROLLED', "
    "'transferred', 'TRANSFERRED', 'withdrew', 'WITHDREW', 'dropped_out', 'DROPPED_OUT', "
    "'graduated', 'GRADUATED', 'inactive', 'INACTIVE', 'active', 'ENROLLED')"
)


class Students(
    Layout,
    file=STUDENTS,
    rows="students",
    key="Student Id",
    absence="kept",
    identifiers="Student Reporting Id",
    dialect=CSV,
    source=CSV_API,
):
    student_id = text(
        "Student Id",
        direct="student_id",
        required=True,
        longest=LONGEST_ID,
        pattern="[A-Za-z0-9]+",
        pattern_says="letters and digits only",
        rule=f"{CSV_API}: letters and digits, at most {LONGEST_ID}, unique in the district",
    )
    last_name = text("Last Name", direct="last_name", required=True)
    middle_name = text("Middle Name", direct="middle_name")
    first_name = text("First Name", direct="first_name", required=True)
    date_of_birth = date("Date of Birth", direct="birth_date", format="%m/%d/%Y", required=True)
    gender = code(
        "Gender", match="gender", codes={"female": "F", "male": "M"}, choices=GENDERS, required=True
    )
    district_enrollment = code(
        "District Enrollment", transform=ENROLLED, choices=(*ACTIVE, *INACTIVE), required=True
    )
    grade = text("Grade", direct="grade")
    address = text("Address", direct="street")
    city = text("City", direct="city")
    state = text("State", direct="state")
    zip = text("Zip", direct="zip")
    race = words("Race", direct="race", joiner=", ", note="SameGoal publishes no list of values for it")
    district_of_residence = text("District of Residence", direct="district_of_residence")
    county_of_residence = text("County of Residence", direct="county_of_residence")
    district_of_service = text("District of Service", direct="district_of_service")
    student_reporting_id = text("Student Reporting Id", direct="state_id")
    building = text(
        "Building",
        direct="school_name",
        required=True,
        rule=f"{BULK_LOADER}: as it is spelt in Settings > Buildings",
    )
    building_reporting_id = text(
        "Building Reporting Id",
        transform="pick(school_state_id, school_number)",
        required=True,
        note="the state's number of the school; the district's where the source has no other",
    )
    sis_internal_id = text("SIS Internal ID", direct="student_id")


class Guardians(
    Layout,
    file=GUARDIANS,
    rows="student_guardians",
    key=("Student Id", "Guardian Id"),
    absence="deleted",
    within="students",
    references={"Student Id": "students"},
    open=True,
    dialect=CSV,
    source=f"{BULK_LOADER}; {RFC_4180}; the columns are not published",
):
    # Nothing but the key is required, and nothing has a form: a rejected guardian would keep the student back.
    student_id = text("Student Id", direct="student_id", required=True, longest=LONGEST_ID, note=UNPUBLISHED)
    guardian_id = text("Guardian Id", direct="guardian_id", required=True, note=UNPUBLISHED)
    last_name = text("Last Name", direct="last_name", note=UNPUBLISHED)
    middle_name = text("Middle Name", direct="middle_name", note=UNPUBLISHED)
    first_name = text("First Name", direct="first_name", note=UNPUBLISHED)
    relationship = text("Relationship", direct="relationship", note=UNPUBLISHED)
    address = text("Address", direct="street", note=UNPUBLISHED)
    city = text("City", direct="city", note=UNPUBLISHED)
    state = text("State", direct="state", note=UNPUBLISHED)
    zip = text("Zip", direct="zip", note=UNPUBLISHED)
    phone = text("Phone", direct="phone", note=UNPUBLISHED)
    mobile_phone = text("Mobile Phone", direct="mobile_phone", note=UNPUBLISHED)
    email = text("Email", direct="email", note=UNPUBLISHED)
    language = text("Language", direct="language", note=UNPUBLISHED)


def layouts(settings: Values) -> tuple[LayoutSpec, ...]:
    """students.csv, and guardians.csv unless the settings leave it out."""
    return (Students.spec, Guardians.spec) if settings.guardians else (Students.spec,)
