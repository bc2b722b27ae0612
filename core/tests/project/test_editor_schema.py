"""Editors are given the shape of a pipeline file, down to the settings of its connectors."""

import json

from rosterbus import settings as s
from rosterbus.project import json_schema, pipeline_schema


class Transport(s.Settings):
    username = s.text("the account", required=True)


class Vendor(s.Settings):
    bucket_folder = s.text("the folder", required=True, pattern="[a-z]+$")
    cadence = s.text("how often", default="weekly", choices=("nightly", "weekly"))
    port = s.number("the port", default=22, least=1, most=65535)
    share = s.number("a share", default=0.5)
    strict = s.flag("whether strict")
    password = s.secret("the password")
    hosts = s.texts("the hosts")
    transport = s.group(Transport, "how to get there")
    extra = s.table("anything")


def test_settings_become_a_schema_with_types_limits_words_and_defaults():
    schema = json_schema(Vendor)
    assert (schema["required"], schema["additionalProperties"]) == (["bucket_folder"], False)
    known = schema["properties"]
    assert known["bucket_folder"] == {
        "type": "string",
        "description": "the folder",
        "pattern": "^(?:[a-z]+$)",
    }
    assert known["cadence"]["enum"] == ["nightly", "weekly"]
    assert known["cadence"]["default"] == "weekly"
    assert known["port"] == {
        "type": "integer",
        "description": "the port",
        "default": 22,
        "minimum": 1,
        "maximum": 65535,
    }
    assert (known["share"]["type"], known["strict"]["type"], known["extra"]["type"]) == (
        "number",
        "boolean",
        "object",
    )
    assert known["hosts"]["items"] == {"type": "string"}
    assert known["transport"]["required"] == ["username"]
    assert set(known["password"]["properties"]) == {"env", "file", "keyring"}
    assert "default" not in known["password"]


def test_a_pipeline_is_completed_by_connector():
    schema = pipeline_schema({"oneroster": Transport}, {"handshake": Vendor})
    assert json.loads(json.dumps(schema)) == schema
    assert schema["required"] == ["source", "deliver"]
    (source,) = schema["properties"]["source"]["anyOf"]
    assert source["properties"]["connector"] == {"const": "oneroster"}
    assert source["required"] == ["connector", "username"]
    deliver = schema["properties"]["deliver"]
    assert deliver["properties"]["handshake"]["required"] == ["bucket_folder"]
    assert deliver["additionalProperties"]["anyOf"][0]["required"] == ["connector", "bucket_folder"]
    assert {"connector", "map", "guards", "baseline", "cadence"} <= set(
        deliver["properties"]["handshake"]["properties"]
    )
    expect = schema["properties"]["expect"]["items"]
    assert expect["required"] == ["until", "reason"]
    assert expect["properties"]["removed"]["anyOf"][0] == {"const": "all"}
