"""What Great Minds has published about its upload files, its sync reports and its OneRoster packages."""

from __future__ import annotations

ARTICLE = "Great Minds, Interpret Student Sync Reports"
STUDENTS = "Great Minds, Upload Students: Data Requirements"
STAFF = "Great Minds, Upload Staff: Data Requirements"
CLASSES = "Great Minds, Upload Classes: Data Requirements"
ONEROSTER = "Great Minds, Getting Started with OneRoster"
USERS_CSV = "Great Minds, OneRoster File Specifications: users.csv"
ENROLLMENTS_CSV = "Great Minds, OneRoster File Specifications: enrollments.csv"
ONEROSTER_REPORTS = "Great Minds, OneRoster Sync Reports"
BINDING = "1EdTech, OneRoster CSV Binding 1.1"

STUDENTS_FILE = "great-minds-student-upload.csv"
MOST_ROWS = 1_000
# "2 MB" is read as the smaller of its two meanings.
MOST_BYTES = 2_000_000
LONGEST_NAME, LONGEST_CLASS, LONGEST_EMAIL = 250, 200, 300
SHORTEST_USERNAME, LONGEST_USERNAME = 5, 100
SHORTEST_PASSWORD = 8

TEMPLATES = {
    "students": (
        "studentId",
        "firstName",
        "middleName",
        "lastName",
        "email",
        "grade",
        "username",
        "password",
    ),
    "staff": ("staffId", "firstName", "middleName", "lastName", "email", "role", "username", "password"),
    "classes": ("className", "primaryTeacher", "grade", "subject"),
}
"""The headers of each template, in its order; none may be taken away or renamed."""

STUDENT_GRADES = (
    "IT", "PR", "PK", "TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12",
    "PS", "UG", "Other",
)  # fmt: skip
CLASS_GRADES = (*STUDENT_GRADES[:17], "13", *STUDENT_GRADES[17:])
STAFF_ROLES = ("teacher", "school_admin")
SUBJECTS = ("English Language Arts", "History", "Mathematics", "Science", "Other")

ID = "[A-Za-z0-9]+"
EMAIL = r"[A-Za-z0-9._+-]+@[A-Za-z0-9._+-]+"
STUDENT_USERNAME = "[A-Za-z0-9._+@-]+"
STAFF_USERNAME = "[A-Za-z0-9._+-]+"

ONEROSTER_ID, LONGEST_ONEROSTER_ID = "[A-Za-z0-9._-]+", 100
LIFE_CYCLE = ("sourcedId", "status", "dateLastModified")
ADDITIONAL_ROLES_COLUMN = "metadata.gm.additionalroles"
ADDITIONAL_ROLES = ("district_admin", "school_admin", "teacher")
PACKAGE = {
    "orgs.csv": (*LIFE_CYCLE, "name", "type", "identifier", "parentSourcedId"),
    "users.csv": (
        *LIFE_CYCLE, "enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName",
        "middleName", "identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "password",
    ),
    "classes.csv": (
        *LIFE_CYCLE, "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
        "termSourcedIds", "subjects", "subjectCodes", "periods",
    ),
    "enrollments.csv": (
        *LIFE_CYCLE, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate",
    ),
}  # fmt: skip
"""The required files and their columns in the order of OneRoster 1.1, all of them even where they are empty."""
