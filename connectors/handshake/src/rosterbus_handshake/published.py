"""What Handshake has published about its importer: values, limits, and the article that states each."""

from __future__ import annotations

AUTOMATING = "Handshake, Student Sync: Can I automate our student file?"
IMPORTING = "Handshake, Importing Student Data (233086688)"
CSV_RULES = "Handshake, Importer App: CSV Rules and File Requirements (226346508)"
UPLOADING = "Handshake, Importer: Automating Your Student Sync (360012323314)"
RUNNING = "Handshake, Getting Started + Running Your First File (115000733727)"
ERRORS = "Handshake, Importer Errors: Common Messages and Next Steps (360001032108)"
FAILURES = "Handshake, Importer Errors: File Failure on Upload (227601827)"
FORMATTING = "Handshake, Importer: Student Data Formatting FAQs (360008607874)"
DATES = "Handshake, Importer: Date Formatting (231942648)"
SENSITIVE = "Handshake, Sensitive Fields (223411787)"
AUTORUN = "Handshake, Why aren't my AWS jobs being automatically processed? (360051871814)"
ALUMNI = "Handshake, Updating Graduating Students to Alumni (227482608)"
CARDS = "Handshake, Student Card IDs and Leading Zeros (115001027207)"
CONTACT = "importer@joinhandshake.com"

BUCKET, REGION = "handshake-importer-uploads", "us-east-1"
ASSIGNED_FOLDER = "importer-production-"
"""What the folders begin with that Handshake gives to schools."""
TEST_WORDS = ("test", "sample")
"""A file with one of these in its name is analysed and never processed."""
KEY_CHARACTERS = r"[A-Za-z0-9!\-_.*'()]"

MOST_ROWS = 199_999
# "Under 50 MB": the smaller of the two megabytes is the safe one.
MOST_BYTES = 50 * 1000 * 1000 - 1
HOURS_BETWEEN = 24
EMAIL_SHARE, DISABLED_SHARE = 10, 50
"""Per cent at which autorun stops: of all rows those with another e-mail, of those that move the disabled."""
ALUMNI_MONTHS = 6

CLEAR = "**CLEAR**"
UNIQUE = ("auth_identifier", "email_address", "username", "card_id")
REQUIRED_HEADERS = (
    "email_address",
    "username",
    "auth_identifier",
    "first_name",
    "school_year_name",
    "primary_education:cumulative_gpa",
    "primary_education:major_names",
    "primary_education:education_level_name",
)
SCHOOL_YEARS = (
    "Freshman",
    "Sophomore",
    "Junior",
    "Senior",
    "First Year Community / Technical College",
    "Second Year Community / Technical College",
    "Certificate Program",
    "Masters",
    "Masters of Business Administration",
    "Accelerated Masters",
    "Doctorate",
    "Postdoctoral Studies",
    "Alumni",
)
EDUCATION_LEVELS = (
    "Associates",
    "Certificate",
    "Advanced Certificate",
    "Bachelors",
    "Masters",
    "Doctorate",
    "Postdoctoral Studies",
    "Non-Degree Seeking",
    "Technical Diploma",
)
