"""Connectors are composed on the command line without a file."""

from pathlib import Path

import pytest
from rosterbus.errors import ConfigError
from rosterbus.project import pipeline_from_arguments


def compose(folder, *destinations, source="oneroster:export.zip", sets=(), timezone="UTC"):
    return pipeline_from_arguments(folder.project(), source, destinations, sets=sets, timezone=timezone)


def test_names_and_locations_make_a_pipeline(folder, monkeypatch):
    monkeypatch.chdir(folder.path.parent)
    pipeline = compose(folder, "samegoal:sftp://user@127.0.0.1:2222/upload", "handshake")
    assert (pipeline.source.connector, pipeline.source.settings) == ("oneroster", {"location": "export.zip"})
    assert [(part.name, part.settings) for part in pipeline.deliveries] == [
        ("samegoal", {"location": "sftp://user@127.0.0.1:2222/upload"}),
        ("handshake", {}),
    ]
    assert (pipeline.file, pipeline.folder, str(pipeline.timezone)) == (None, Path.cwd(), "UTC")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("12", 12),
        ("-3", -3),
        ("0.25", 0.25),
        ("0123", "0123"),
        ("1e3", "1e3"),
        ('"12"', "12"),
        ('"', '"'),
        ("", ""),
        ("a=b", "a=b"),
        ("True", "True"),
    ],
)
def test_a_setting_has_the_type_that_toml_would_give_it(folder, written, value):
    read = compose(folder, "samegoal:x", sets=[f"samegoal.x.y={written}"]).deliveries[0].settings["x"]["y"]
    assert (read, type(read)) == (value, type(value))


def test_secrets_are_given_as_references(folder):
    sets = ["samegoal.transport.private_key.file=KEY", "source.transport.password.env=123"]
    pipeline = compose(folder, "samegoal:x", sets=sets)
    assert pipeline.deliveries[0].settings["transport"] == {"private_key": {"file": "KEY"}}
    assert pipeline.source.settings["transport"] == {"password": {"env": "123"}}


def test_a_setting_reaches_source_delivery_and_guards(folder):
    sets = ["oneroster.a=1", "source.b=2", "samegoal.c=3", "deliver.samegoal.d=4", "guards.floor=5"]
    pipeline = compose(folder, "samegoal:x", sets=sets)
    assert pipeline.source.settings == {"location": "export.zip", "a": 1, "b": 2}
    assert pipeline.deliveries[0].settings == {"location": "x", "c": 3, "d": 4}
    assert pipeline.guards.floor == pipeline.deliveries[0].guards.floor == 5


def test_the_name_stays_the_same_for_the_next_export_and_differs_for_another_vendor(folder):
    first = compose(folder, "samegoal:x", source="oneroster:monday.zip", sets=["samegoal.a=1"])
    assert first.name == compose(folder, "samegoal:x", source="oneroster:tuesday.zip").name
    assert first.name != compose(folder, "samegoal:y").name


@pytest.mark.parametrize(
    ("destinations", "options", "message"),
    [
        (("samegoal:x",), {"timezone": None}, "`timezone`: a time zone is required"),
        (("samegoal:x",), {"timezone": "Mars"}, "there is no such time zone; found 'Mars'"),
        ((), {}, "`deliver`: the pipeline delivers to nobody"),
        (("samegoal:x", "samegoal:y"), {}, "`samegoal`: a destination is named twice; write a pipeline file"),
        (("SameGoal:x",), {}, "`deliver.SameGoal`: this is no name"),
        (
            ("samegoal:x",),
            {"sets": ["same.a=1"]},
            "no part of this pipeline has this name; found same; allowed: oneroster",
        ),
        (("samegoal:x",), {"sets": ["samegoal=1"]}, "`--set`: a setting is given as PART.KEY=VALUE"),
        (("samegoal:x",), {"sets": ["samegoal..a=1"]}, "`--set`: a setting is given as PART.KEY=VALUE"),
        (
            ("samegoal:x",),
            {"sets": ["samegoal.a=1", "samegoal.a.b=1"]},
            "`samegoal.a.b`: this setting is a single value",
        ),
        (("samegoal:x",), {"sets": ["guards.removed=7"]}, "`guards.removed`: must be greater"),
    ],
)
def test_what_cannot_be_composed_is_refused(folder, destinations, options, message):
    with pytest.raises(ConfigError, match=message):
        compose(folder, *destinations, **options)
