"""A secret that was written as itself is refused everywhere, and never shown."""

import pytest
from rosterbus.errors import ConfigError
from rosterbus.project import pipeline_from_arguments
from rosterbus.project.literal_secrets import names_a_secret

SECRET = "hunter2canary"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (f'password = "{SECRET}"', "deliver.handshake.password"),
        (f'transport = {{ private_key = "{SECRET}" }}', "deliver.handshake.transport.private_key"),
        (f'[deliver.handshake.transport]\npassphrase = "{SECRET}"', "deliver.handshake.transport.passphrase"),
        (f'api_token = ["{SECRET}"]', "deliver.handshake.api_token"),
        ("token = 4711471147", "deliver.handshake.token"),
        (f'hosts = [{{ Secret = "{SECRET}" }}]', "deliver.handshake.hosts[0].Secret"),
        (f'location = "sftp://user:{SECRET}@example.org/x"', "deliver.handshake.location"),
        (f'location = "https://example.org/x?a=1&sig={SECRET}"', "deliver.handshake.location"),
        (f'mirrors = ["https://:{SECRET}@example.org"]', "deliver.handshake.mirrors[0]"),
        (f'note = """-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}"""', "deliver.handshake.note"),
        (f'[environments.test.source]\npassword = "{SECRET}"', "environments.test.source.password"),
    ],
)
def test_a_literal_secret_in_a_pipeline_is_refused_with_its_place(folder, written, key):
    with pytest.raises(ConfigError) as caught:
        folder.small(written)
    assert (caught.value.key, caught.value.exit_code) == (key, 2)
    assert caught.value.line
    assert SECRET not in str(caught.value)
    assert "4711471147" not in str(caught.value)


def test_a_literal_secret_in_the_project_file_is_refused(folder):
    with pytest.raises(ConfigError, match=r"line 3: `notify\[0\].password`: .*allowed: { env = ") as caught:
        folder.project(f'[[notify]]\nby = "mail"\npassword = "{SECRET}"')
    assert SECRET not in str(caught.value)


def test_references_user_names_ports_and_column_names_are_no_secrets(folder):
    pipeline = folder.small("""
        password = { env = "X" }
        location = "sftp://user@example.org:2222/upload?page=1"
        token_lifetime = "1h"
        has_password = true
        [deliver.handshake.map.students.columns]
        password = "student_id"
        token = { match = "grade", codes = { secret = "x" } }
    """)
    assert pipeline.deliveries[0].settings["password"] == {"env": "X"}


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *(
            (name, True)
            for name in ("password", "db_password", "API-KEY", "accessKey", "x.token", "PrivateKey")
        ),
        *(
            (name, False)
            for name in ("key", "host_key", "password_file", "tokens", "secretary", "unpasswordy")
        ),
    ],
)
def test_names_of_secrets_are_known(name, is_one):
    assert names_a_secret(name) is is_one


@pytest.mark.parametrize(
    "arguments",
    [
        {"source": f"oneroster:sftp://u:{SECRET}@example.org/x", "destinations": ["b:x"]},
        {"source": "oneroster:x", "destinations": [f"b:https://example.org/?token={SECRET}"]},
        {"source": "oneroster:x", "destinations": ["b:x"], "sets": [f"b.password={SECRET}"]},
        {"source": "oneroster:x", "destinations": ["b:x"], "sets": [f"b.url=https://x:{SECRET}@example.org"]},
        {"source": "oneroster:x", "destinations": ["b:x"], "sets": [SECRET]},
        {"source": "oneroster:x", "destinations": ["b:x"], "sets": [f"password={SECRET}"]},
    ],
)
def test_a_literal_secret_in_an_argument_is_refused(folder, arguments):
    with pytest.raises(ConfigError) as caught:
        pipeline_from_arguments(folder.project(), **{"timezone": "UTC", **arguments})
    assert SECRET not in str(caught.value)
