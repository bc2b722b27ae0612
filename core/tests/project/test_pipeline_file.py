"""A pipeline file is read into its parts, and every mistake names its place."""

import pytest
from rosterbus.errors import ConfigError
from rosterbus.project import Guards, MappingEntry, load_pipeline, pipeline_files

WHOLE = """
    #:schema x.json
    name = "springfield"
    timezone = "America/Chicago"

    [source]
    connector = "oneroster"
    location = "sftp://sis.example.org/export/oneroster.zip"
    [source.transport]
    username = "rosterbus"
    private_key = { file = "/run/secrets/sis_key" }
    [source.map.students.columns]
    grade = { match = "grade", codes = "codes/grade.csv" }

    [guards]
    floor = 10
    removed = 0.05

    [deliver.handshake]
    bucket_folder = "importer-production-springfield"
    cadence = "weekly"
    baseline = "digests"
    guards = { removed = 0.2 }
    [deliver.handshake.map.students]
    where = "status = 'active'"
    [deliver.handshake.map.students.columns]
    username = "student_id"
    middle_name = { skip = true }

    [deliver.second]
    connector = "samegoal"
    host = "sftp.example.org"
"""


@pytest.fixture
def whole(folder):
    folder.write("codes/grade.csv", "from,to,note\n")
    return folder.pipeline(WHOLE)


def test_connector_settings_are_split_from_the_keys_of_rosterbus(whole):
    assert whole.source.connector == "oneroster"
    assert whole.source.settings == {
        "location": "sftp://sis.example.org/export/oneroster.zip",
        "transport": {"username": "rosterbus", "private_key": {"file": "/run/secrets/sis_key"}},
    }
    handshake, second = whole.deliveries
    assert handshake.settings == {"bucket_folder": "importer-production-springfield", "cadence": "weekly"}
    assert (second.name, second.connector, second.settings) == (
        "second",
        "samegoal",
        {"host": "sftp.example.org"},
    )


def test_name_time_zone_and_maps_are_read(whole):
    assert (whole.name, str(whole.timezone)) == ("springfield", "America/Chicago")
    assert whole.source.map["students"]["grade"] == MappingEntry(match="grade", codes="codes/grade.csv")
    students = whole.delivery("handshake").map["students"]
    assert students.where == "status = 'active'"
    assert students.columns == {
        "username": MappingEntry(direct="student_id"),
        "middle_name": MappingEntry(skip=True),
    }


def test_guards_of_a_delivery_go_before_those_of_the_pipeline_and_the_defaults(whole):
    assert whole.guards == Guards(floor=10, removed=0.05)
    assert whole.delivery("handshake").guards == Guards(floor=10, removed=0.2)
    assert whole.delivery("second").guards == Guards(floor=10, removed=0.05)
    assert [part.baseline for part in whole.deliveries] == ["digests", "values"]


def test_later_errors_find_their_line(whole):
    error = whole.error(("deliver", "handshake", "map", "students", "columns", "username"), "wrong")
    assert str(error) == (f"{whole.file}, line 26: `deliver.handshake.map.students.columns.username`: wrong")
    assert whole.line(("deliver", "handshake", "transport", "username")) == 18
    assert whole.line(("nothing",)) is None


def test_an_unknown_delivery_is_refused_with_the_known_ones(whole):
    with pytest.raises(ConfigError, match="no such delivery; found 'samegoal'; allowed: handshake, second"):
        whole.delivery("samegoal")


def test_the_project_gives_time_zone_and_baseline_where_the_pipeline_does_not(folder):
    folder.write("rosterbus.toml", 'timezone = "Europe/Berlin"\nbaseline = "digests"\n')
    pipeline = folder.pipeline('source.connector = "a"\n[deliver.b]\n')
    assert (str(pipeline.timezone), pipeline.deliveries[0].baseline) == ("Europe/Berlin", "digests")


def test_an_environment_changes_a_pipeline_and_keeps_the_line(folder):
    folder.write("rosterbus.toml", "[environments.test]\n")
    more = """
        [environments.test.deliver.handshake]
        bucket_folder = "importer-test"
    """
    assert folder.small(more).deliveries[0].settings == {"bucket_folder": "importer-production-springfield"}
    test = folder.small(more, environment="test")
    assert test.deliveries[0].settings == {"bucket_folder": "importer-test"}
    assert test.line(("deliver", "handshake", "bucket_folder")) == 11


def test_a_pipeline_is_found_by_name_and_by_path(folder, tmp_path, monkeypatch):
    written = folder.small().file
    elsewhere = tmp_path / "other.toml"
    elsewhere.write_bytes(written.read_bytes())
    monkeypatch.chdir(tmp_path)
    project = folder.project()
    assert load_pipeline(project, "springfield").file == written
    assert load_pipeline(project, written).name == "springfield"
    assert load_pipeline(project, "other.toml").name == "other"
    assert pipeline_files(project) == {"springfield": written}
    with pytest.raises(ConfigError, match="no such pipeline; found 'springfeld'; allowed: springfield"):
        load_pipeline(project, "springfeld")


def test_a_copied_pipeline_may_not_keep_the_name_of_the_first(folder):
    with pytest.raises(
        ConfigError, match=r'line 1: `name`: the name differs .* allowed: "copy", or rename the file'
    ):
        folder.pipeline('name = "springfield"\n', name="copy")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            'source = {connector = "a"}\n[deliver.b]',
            "`timezone`: a time zone is required, here or in rosterbus.toml",
        ),
        (
            'timezone = "Chicago"\nsource = {connector = "a"}\n[deliver.b]',
            "line 1: `timezone`: .* America/Chicago",
        ),
        ('timezone = "UTC"\n[deliver.b]', "`source`: this setting is required; allowed: a table"),
        ('timezone = "UTC"\nsource = {connector = "a"}', "`deliver`: this setting is required"),
        (
            'timezone = "UTC"\nsource = {connector = "a"}\ndeliver = {}',
            "line 3: `deliver`: the pipeline delivers to",
        ),
        (
            'timezone = "UTC"\nsource = {}\n[deliver.b]',
            "line 2: `source.connector`: the connector is required",
        ),
        (
            'timezone = "UTC"\nsource = {connector = "a"}\ndeliver.b = 1',
            "line 3: `deliver.b`: this is a table; found",
        ),
        (
            'timezone = "UTC"\nsource = {connector = "a"}\n[deliver.B]',
            "line 3: `deliver.B`: this is no name; found 'B'",
        ),
        (
            '[source]\nconector = "a"\n[deliver.b]\n[delivery.c]',
            "`delivery`: there is no such setting here; .*deliver",
        ),
    ],
)
def test_a_mistake_in_the_frame_names_its_place(folder, content, message):
    with pytest.raises(ConfigError, match=message):
        folder.pipeline(content)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            'baseline = "none"',
            "line 9: `deliver.handshake.baseline`: this is no kind of baseline; allowed: values",
        ),
        (
            "guards = { removed = 10 }",
            "line 9: `deliver.handshake.guards.removed`: .*less than or equal to 1; found 10",
        ),
        (
            "guards = { remove = 0.1 }",
            "`deliver.handshake.guards.remove`: there is no such setting .*allowed: removed",
        ),
        ("guards = 1", "`deliver.handshake.guards`: this is a table; found a whole number"),
        ("[guards]\nfloor = -1", "line 10: `guards.floor`: .*; found -1"),
        ("map = 1", "line 9: `deliver.handshake.map`: this is a table"),
        (
            "[deliver.handshake.map.students]\nwehre = 'x'",
            "line 10: `.*wehre`: there is no such key here; allowed: where",
        ),
    ],
)
def test_a_mistake_in_a_delivery_names_its_place(folder, more, message):
    with pytest.raises(ConfigError, match=message):
        folder.small(more)
