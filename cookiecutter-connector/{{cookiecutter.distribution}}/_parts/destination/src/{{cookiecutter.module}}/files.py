{% if cookiecutter._files %}
{{ cookiecutter._files }}
{% else %}
"""The file that {{ cookiecutter.system }} takes, column by column."""

from __future__ import annotations

from rosterbus.layouts import Layout, code, date, email, text

ASSUMED = "TODO: assumed by the template; name the page that says it"


class Students(Layout, file="students.csv", rows="students", key="Student ID", source=ASSUMED):
    student_id = text("Student ID", direct="student_id", required=True, longest=20, rule=ASSUMED)
    last_name = text("Last Name", direct="last_name", required=True, longest=60, rule=ASSUMED)
    first_name = text("First Name", direct="first_name", required=True, longest=60, rule=ASSUMED)
    email = email("Email", direct="email")
    birth_date = date("Date of Birth", direct="birth_date", format="%m/%d/%Y", rule=ASSUMED)
    gender = code("Gender", match="gender", codes={"female": "F", "male": "M"}, rule=ASSUMED)
    grade = text("Grade", direct="grade")
    school = text("School", direct="school_name")


layouts = (Students,)
{% endif %}
