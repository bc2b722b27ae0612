"""Handshake's student file, as "Importing Student Data" has it."""

from __future__ import annotations

from dataclasses import replace

from rosterbus.engine import literal
from rosterbus.findings import Rule
from rosterbus.layouts import (
    Layout,
    LayoutSpec,
    Limits,
    Match,
    Transform,
    boolean,
    code,
    date,
    decimal,
    email,
    text,
    words,
)
from rosterbus.settings import Values

from rosterbus_handshake.published import (
    ALUMNI,
    CARDS,
    CLEAR,
    DATES,
    EDUCATION_LEVELS,
    ERRORS,
    FORMATTING,
    IMPORTING,
    MOST_BYTES,
    MOST_ROWS,
    SCHOOL_YEARS,
    SENSITIVE,
    UNIQUE,
)

NO_DIGITS, NO_DIGITS_SAYS = "[^0-9]*", "Must not contain digits; write roman numerals."
GENDERS = {"female": "Female", "male": "Male", "other": "Other", "unspecified": ""}
LEFT = Match("status", {"active": "FALSE", "inactive": "TRUE"})
"""`disabled`, where the roster decides about it."""

RULES = (
    *(
        Rule(
            f"\"{column}\" <> '{CLEAR}'",
            (column,),
            f"{column} must be filled, so it cannot be {CLEAR}",
            FORMATTING,
        )
        for column in ("username", "first_name")
    ),
    Rule(
        '"username" NOT IN ("email_address", "card_id")',
        ("username", "email_address", "card_id"),
        "username is the e-mail address or the card number, either of which may change; Handshake advises the "
        "school's number of the student, since a username never can",
        SENSITIVE,
        severity="warn",
    ),
    Rule(
        "\"primary_education:primary_major_name\" = '' OR list_contains("
        'string_split("primary_education:major_names", \';\'), "primary_education:primary_major_name")',
        ("primary_education:primary_major_name", "primary_education:major_names"),
        "primary_major_name must be one of major_names; write it there as well",
        IMPORTING,
    ),
    Rule(
        "\"primary_education:primary_college_name\" = '' OR list_contains("
        'string_split("primary_education:college_names", \';\'), "primary_education:primary_college_name")',
        ("primary_education:primary_college_name", "primary_education:college_names"),
        "primary_college_name must be one of college_names; write it there as well",
        IMPORTING,
    ),
    Rule(
        "NOT (contains(\"primary_education:college_names\", ';') "
        "AND contains(\"primary_education:college_names\", ','))",
        ("primary_education:college_names",),
        "a student cannot have several colleges if one of their names has a comma; send one of them, or a name "
        "without a comma",
        IMPORTING,
    ),
    Rule(
        f'\'{CLEAR}\' IN ("primary_education:start_date", "primary_education:end_date") '
        "OR \"primary_education:start_date\" = '' OR \"primary_education:end_date\" = '' "
        'OR "primary_education:end_date" >= "primary_education:start_date"',
        ("primary_education:end_date", "primary_education:start_date"),
        "end_date must be on or after start_date",
        ERRORS,
    ),
)


class Students(
    Layout,
    file="users.csv",
    rows="students",
    key="username",
    unique=UNIQUE,
    identifiers="auth_identifier",
    limits=Limits(rows=MOST_ROWS, bytes=MOST_BYTES),
    rules=RULES,
    source=IMPORTING,
):
    email_address = email("email_address", direct="email", required=True, rule=IMPORTING)
    username = text(
        "username",
        direct="student_number",
        required=True,
        single_line=True,
        rule=SENSITIVE,
        note="never changes and is never recycled; Handshake advises the school's number, not e-mail or card",
    )
    auth_identifier = text(
        "auth_identifier",
        direct="auth_identifier",
        single_line=True,
        rule=SENSITIVE,
        note="what single sign-on answers; needed with single sign-on alone; never changes",
    )
    first_name = text(
        "first_name",
        direct="first_name",
        required=True,
        longest=50,
        pattern=NO_DIGITS,
        pattern_says=NO_DIGITS_SAYS,
        single_line=True,
        rule=IMPORTING,
    )
    last_name = text(
        "last_name",
        direct="last_name",
        longest=50,
        pattern=NO_DIGITS,
        pattern_says=NO_DIGITS_SAYS,
        single_line=True,
        rule=IMPORTING,
    )
    middle_name = text(
        "middle_name",
        direct="middle_name",
        longest=50,
        pattern=NO_DIGITS,
        pattern_says=NO_DIGITS_SAYS,
        single_line=True,
        rule=IMPORTING,
    )
    preferred_name = text(
        "preferred_name",
        direct="preferred_first_name",
        longest=50,
        pattern=NO_DIGITS,
        pattern_says=NO_DIGITS_SAYS,
        single_line=True,
        rule=IMPORTING,
    )
    school_year_name = code(
        "school_year_name",
        direct="class_level",
        choices=(*SCHOOL_YEARS, CLEAR),
        rule=IMPORTING,
        note="blank for students who seek no degree",
    )
    cumulative_gpa = decimal(
        "primary_education:cumulative_gpa",
        direct="cumulative_gpa",
        places=2,
        minimum=0,
        maximum=4,
        sensitive=True,
        also=(CLEAR,),
        rule=IMPORTING,
    )
    department_gpa = decimal(
        "primary_education:department_gpa",
        direct="department_gpa",
        places=2,
        minimum=0,
        maximum=4,
        sensitive=True,
        also=(CLEAR,),
        rule=IMPORTING,
    )
    education_level_name = code(
        "primary_education:education_level_name",
        direct="education_level",
        choices=(*EDUCATION_LEVELS, CLEAR),
        rule=IMPORTING,
    )
    major_names = words(
        "primary_education:major_names", direct="majors", joiner=";", longest=255, rule=IMPORTING
    )
    primary_major_name = text(
        "primary_education:primary_major_name",
        direct="primary_major",
        longest=255,
        single_line=True,
        rule=IMPORTING,
    )
    minor_names = words(
        "primary_education:minor_names", direct="minors", joiner=";", longest=255, rule=IMPORTING
    )
    college_names = words("primary_education:college_names", direct="colleges", joiner=";", rule=IMPORTING)
    primary_college_name = text(
        "primary_education:primary_college_name", direct="primary_college", single_line=True, rule=IMPORTING
    )
    campus_name = text("campus_name", direct="campus", single_line=True, rule=IMPORTING)
    start_date = date("primary_education:start_date", direct="program_start_date", also=(CLEAR,), rule=DATES)
    end_date = date("primary_education:end_date", direct="program_end_date", also=(CLEAR,), rule=DATES)
    currently_attending = boolean(
        "primary_education:currently_attending",
        direct="currently_attending",
        true="TRUE",
        false="FALSE",
        rule=IMPORTING,
    )
    card_id = text(
        "card_id",
        direct="card_id",
        single_line=True,
        rule=CARDS,
        note="leading zeros count; it must be contained in what a swipe gives",
    )
    additional_email_addresses = words(
        "additional_email_addresses",
        direct="additional_emails",
        joiner=";",
        pattern="[!-~]+@[!-~]+",
        pattern_says="Not a valid email address.",
        also=(CLEAR,),
        rule=IMPORTING,
    )
    # "Digits, optional leading +" and "a valid 10-digit domestic number": ten digits, of which the first is 2
    # to 9 in North America, and before them at most a + and the country's 1.
    mobile_number = text(
        "mobile_number",
        transform="phone(mobile_phone, '9999999999')",
        pattern=r"\+?1?[2-9][0-9]{9}",
        pattern_says="Not a ten-digit domestic number; digits alone are allowed, and +1 before them.",
        also=(CLEAR,),
        rule=ERRORS,
    )
    assigned_to_email_address = email(
        "assigned_to_email_address",
        direct="advisor_email",
        also=(CLEAR,),
        rule=IMPORTING,
        note="somebody of career services who has an account",
    )
    ethnicity = text("ethnicity", direct="ethnicity", single_line=True, sensitive=True, rule=IMPORTING)
    gender = text(
        "gender",
        match="gender",
        codes=GENDERS,
        unmatched="keep",
        single_line=True,
        sensitive=True,
        rule=IMPORTING,
    )
    hometown = text(
        "hometown_location_attributes:name",
        direct="hometown",
        single_line=True,
        rule=IMPORTING,
        note="City, Full State Name, Country",
    )
    work_study_eligible = boolean(
        "work_study_eligible",
        direct="work_study_eligible",
        true="TRUE",
        false="FALSE",
        sensitive=True,
        rule=IMPORTING,
    )
    athlete = boolean("athlete", direct="athlete", true="TRUE", false="FALSE", rule=IMPORTING)
    first_generation = boolean(
        "first_generation",
        direct="first_generation",
        true="TRUE",
        false="FALSE",
        sensitive=True,
        rule=IMPORTING,
    )
    veteran = boolean("veteran", direct="veteran", true="TRUE", false="FALSE", sensitive=True, rule=IMPORTING)
    eu_gdpr_subject = boolean(
        "eu_gdpr_subject", direct="gdpr_subject", true="TRUE", false="FALSE", rule=IMPORTING
    )
    disabled = boolean(
        "disabled",
        true="TRUE",
        false="FALSE",
        rule=IMPORTING,
        note="TRUE archives the account, FALSE restores it, a blank leaves it",
    )
    system_label_names = words(
        "system_label_names",
        direct="labels",
        joiner=";",
        rule=IMPORTING,
        note="a blank takes all system labels away",
    )


def layouts(settings: Values) -> tuple[LayoutSpec, ...]:
    """The student file as the school agreed it: labels, leavers, alumni and the school's own domains."""
    spec = Students.spec
    if not settings.labels:
        kept = tuple(column for column in spec.columns if column.attribute != "system_label_names")
        spec = replace(spec, columns=kept)
    if settings.leavers == "disabled":
        decided = spec.column("disabled").with_source(LEFT)
        spec = replace(spec.with_columns(decided), absence="explicit", leaver={"disabled": "TRUE"})
    if settings.alumni:
        spec = _of_alumni(spec)
    if settings.institution_domains:
        spec = replace(spec, rules=(*spec.rules, _own_domains(settings.institution_domains)))
    return (spec,)


def _of_alumni(spec: LayoutSpec) -> LayoutSpec:
    year = spec.column("school_year_name").with_source(Transform(literal("Alumni")))
    graduated = replace(spec.column("end_date"), required=True, also=(), rule=ALUMNI)
    left = Rule(
        "\"primary_education:currently_attending\" = 'FALSE'",
        ("primary_education:currently_attending",),
        "currently_attending is to be FALSE for alumni, unless they stay",
        ALUMNI,
        severity="warn",
    )
    return replace(spec.with_columns(year, graduated), rules=(*spec.rules, left))


def _own_domains(domains: list[str]) -> Rule:
    domain = "lower(split_part(\"email_address\", '@', -1))"
    own = " OR ".join(
        f"{domain} = {literal(own)} OR ends_with({domain}, {literal(f'.{own}')})" for own in domains
    )
    return Rule(
        f"NOT ends_with({domain}, '.edu') OR {own}",
        ("email_address",),
        f"an .edu address must be of the school ({', '.join(domains)}), else Handshake skips the row",
        ERRORS,
    )
