"""What marshmallow says of a connector's settings becomes one error with its place, and shows no value."""

from pathlib import Path

import pytest
from marshmallow import fields
from rosterbus import settings as s
from rosterbus.errors import ConfigError
from rosterbus.project import validate_settings


class Transport(s.Settings):
    username = s.text("the account", required=True)
    private_key = s.secret("the key")


class Settings(s.Settings):
    cadence = s.text("how often", default="weekly", choices=("nightly", "weekly"))
    port = s.number("the port", default=22, least=1, most=65535)
    share = s.number("a share", default=0.5)
    strict = s.flag("whether strict")
    host = s.text("the host")
    night = s.text("when", default="19:00", pattern=r"[0-9]{2}:[0-9]{2}\Z", pattern_says="No time {hh:mm}.")
    password = s.secret("the password")
    hosts = s.texts("hosts")
    transport = s.group(Transport, "how to get there")
    stops = fields.List(fields.Nested(Transport))


def checked(folder, written):
    pipeline = folder.pipeline(
        'timezone = "UTC"\nsource.connector = "a"\n[deliver.b]\n' + written, name="springfield"
    )
    part = pipeline.delivery("b")
    return validate_settings(Settings, part.settings, pipeline, part.key_path)


def test_valid_settings_are_loaded_with_their_defaults(folder):
    values = checked(folder, "port = 2222\n[deliver.b.transport]\nusername = 'x'")
    assert (values.port, values.cadence, values.transport.username) == (2222, "weekly", "x")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("prot = 1", "line 4: `deliver.b.prot`: there is no such setting here; allowed: port"),
        (
            "zzz = 1",
            "`deliver.b.zzz`: there is no such setting here; allowed: cadence, host, hosts, night, password, port",
        ),
        (
            'cadence = "daily"',
            "`deliver.b.cadence`: this word is not allowed here; found 'daily'; allowed: nightly, week",
        ),
        ("cadence = 1", "`deliver.b.cadence`: not a valid string; found a whole number; allowed: a text"),
        (
            "port = 0",
            "`deliver.b.port`: must be greater than or equal to 1 .*; found 0; allowed: a whole number",
        ),
        ('port = "canary"', "`deliver.b.port`: not a valid integer; found a text; allowed: a whole number"),
        ("share = nan", "`deliver.b.share`: special numeric values"),
        ('strict = "yes"', "`deliver.b.strict`: not a valid boolean; found a text; allowed: true or false"),
        ('hosts = "canary"', "`deliver.b.hosts`: not a valid list; found a text; allowed: a list"),
        ('hosts = [\n"x",\n2]', r"line 6: `deliver.b.hosts\[1\]`: not a valid string; found a whole number"),
        ('transport = "canary"', "`deliver.b.transport`: invalid input type; found a text; allowed: a table"),
        ("transport = {}", "`deliver.b.transport.username`: this setting is required; allowed: a text"),
        ("\n[deliver.b.transport]\nuser = 1", "line 5: `deliver.b.transport.username`: .* 2 mistakes here"),
        (
            "[[deliver.b.stops]]\nusername = 'x'\n[[deliver.b.stops]]",
            r"line 6: `deliver.b.stops\[1\].username`",
        ),
        (
            "password = { envv = 'canary' }",
            "`deliver.b.password`: this is no reference to a secret: .*found a table",
        ),
        ('night = "7pm"', r"`deliver.b.night`: no time {hh:mm}$"),
        ("host = 1979-05-27", "`deliver.b.host`: not a valid string; found a date"),
        (
            "port = 0\nzzz = 1\nshare = 'canary'",
            r"line 4: `deliver.b.port`: .* \(the first of 3 mistakes here\); found 0",
        ),
    ],
)
def test_a_mistake_names_its_place_what_was_found_and_what_is_allowed(folder, written, message):
    with pytest.raises(ConfigError, match=message) as caught:
        checked(folder, written)
    assert "canary" not in str(caught.value)


def test_a_relative_secret_file_starts_from_the_project_folder(folder, monkeypatch):
    monkeypatch.chdir("/")
    transport = "[deliver.b.transport]\nusername = 'x'\nprivate_key = { file = '~/k' }"
    values = checked(folder, f"password = {{ file = 'keys/p' }}\n{transport}")
    assert Path(values.password.name) == folder.path / "keys" / "p"
    assert values.transport.private_key.name == "~/k"


def test_a_relative_secret_file_in_a_free_table_starts_there_too(folder, monkeypatch):
    class Loose(s.Settings):
        transport = s.table("what the transport needs")

    monkeypatch.chdir("/")
    written = {"transport": {"private_key": {"file": "keys/sis"}, "port": 22}}
    origin = folder.pipeline("timezone = 'UTC'\n[source]\nconnector = 'a'\n[deliver.b]\n")
    values = validate_settings(Loose, written, origin)

    assert values.transport == {"private_key": {"file": str(folder.path / "keys/sis")}, "port": 22}
