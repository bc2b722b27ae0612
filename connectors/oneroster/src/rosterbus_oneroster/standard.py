"""What OneRoster 1.0, 1.1 and 1.2 say about a package: files, columns, and the names older exports use."""

from __future__ import annotations

from dataclasses import dataclass

LIFE_CYCLE = ("sourcedId", "status", "dateLastModified")


@dataclass(frozen=True)
class RosterFile:
    """One roster file. Without the `essential` columns it is none; `columns` are those of 1.1 and 1.2."""

    name: str
    essential: tuple[str, ...]
    columns: tuple[str, ...]
    aliases: dict[str, str]
    """Older or misspelt header to the standard's own, compared without regard to case."""


def _file(name: str, essential: str, columns: str, **aliases: str) -> RosterFile:
    return RosterFile(name, ("sourcedId", *essential.split()), (*LIFE_CYCLE, *columns.split()), aliases)


FILES = {
    file.name: file
    for file in (
        _file("orgs", "name type", "name type identifier parentSourcedId"),
        _file(
            "academicSessions",
            "title startDate endDate",
            "title type startDate endDate parentSourcedId schoolYear",
        ),
        _file(
            "courses",
            "title",
            "schoolYearSourcedId title courseCode grades orgSourcedId subjects subjectCodes",
            schoolYearId="schoolYearSourcedId",
            grade="grades",
        ),
        _file(
            "classes",
            "title schoolSourcedId",
            "title grades courseSourcedId classCode classType location schoolSourcedId termSourcedIds "
            "subjects subjectCodes periods",
            grade="grades",
            termSourcedId="termSourcedIds",
        ),
        _file(
            "users",
            "givenName familyName",
            "enabledUser orgSourcedIds role username userIds givenName familyName middleName identifier "
            "email sms phone agentSourcedIds grades password userMasterIdentifier resourceSourcedIds "
            "preferredGivenName preferredMiddleName preferredFamilyName primaryOrgSourcedId pronouns",
            userId="userIds",
            agents="agentSourcedIds",
            grade="grades",
        ),
        _file(
            "roles",
            "userSourcedId role orgSourcedId",
            "userSourcedId roleType role beginDate endDate orgSourcedId userProfileSourcedId",
        ),
        _file(
            "enrollments",
            "classSourcedId userSourcedId role",
            "classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate",
        ),
        _file(
            "demographics",
            "",
            "birthDate sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican "
            "nativeHawaiianOrOtherPacificIslander white demographicRaceTwoOrMoreRaces "
            "hispanicOrLatinoEthnicity countryOfBirthCode stateOfBirthAbbreviation cityOfBirth "
            "publicSchoolResidenceStatus",
            userSourcedId="sourcedId",
        ),
    )
}

NOT_ROSTER = frozenset(
    [
        "categories",
        "classResources",
        "courseResources",
        "lineItems",
        "resources",
        "results",
        "lineItemLearningObjectiveIds",
        "lineItemScoreScales",
        "resultLearningObjectiveIds",
        "resultScoreScales",
        "scoreScales",
        "userProfiles",
        "userResources",
    ]
)
"""Files of the standard that say nothing about who is enrolled (and, in `userProfiles`, hold passwords)."""

MANIFEST = "manifest"
MANDATORY = ("academicSessions", "orgs", "courses", "classes", "users", "enrollments")
"""What the standard asks of every bulk package beside the manifest."""

PARENTS = ("parent", "guardian", "relative")
STAFF = [
    "teacher",
    "aide",
    "administrator",
    "proctor",
    "counselor",
    "principal",
    "siteAdministrator",
    "districtAdministrator",
    "systemAdministrator",
]

SOURCE = "1EdTech, OneRoster CSV Binding 1.2"


def standard_name(stem: str) -> str | None:
    """The standard's own spelling of a file name without its ending, or None where it knows no such file."""
    return _SPELLINGS.get(stem.lower())


def standard_column(file: RosterFile, header: str) -> str | None:
    """The standard's own spelling of a header, or None for an extension or a foreign column."""
    wanted = header.strip().lower()
    exact = {column.lower(): column for column in file.columns}
    older = {old.lower(): new for old, new in file.aliases.items()}
    return exact.get(wanted) or older.get(wanted)


_SPELLINGS = {name.lower(): name for name in (*FILES, *NOT_ROSTER, MANIFEST)}
