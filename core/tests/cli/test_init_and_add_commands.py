"""`rosterbus init` and `add` write files that explain themselves and can be checked, and overwrite nothing."""

from __future__ import annotations

import json
import re
import tomllib

from rosterbus.project import load_pipeline, load_project

COMMENTED = re.compile(r"^# (?=\[|[a-z_]+ = )", re.MULTILINE)


def test_what_init_writes_runs_with_a_sample_and_what_it_asks_for(rosterbus, village):
    (village.root / "rosterbus.toml").unlink()

    ran = rosterbus("init", "--from", "village", "--to", "drop", "--sample", "export", "--name", "v")

    file = village.root / "pipelines" / "v.toml"
    assert ran.code == 0
    assert "fill in deliver.drop.folder" in ran.out.splitlines()
    assert "`deliver.drop.folder`: this setting is required" in rosterbus("check", "v").out
    text = file.read_text(encoding="utf-8")
    vendor = json.dumps(village.vendor.as_posix())
    file.write_text(text.replace('# folder = "..."', f"folder = {vendor}"), encoding="utf-8")
    assert rosterbus("check", "v").code == 0
    assert load_pipeline(load_project(village.root), "v").source.settings == {"location": "export"}


def test_every_setting_is_explained_with_default_and_allowed_values(rosterbus, village):
    rosterbus("init", "--from", "village", "--to", "drop", "--name", "v")

    text = (village.root / "pipelines" / "v.toml").read_text(encoding="utf-8")

    assert "# Whether contacts are sent.\n# contacts = true\n" in text
    assert '# REQUIRED: write it in the next line and take the # away (text).\n# folder = "..."\n' in text
    assert '# The password.\n# A reference: { env = "NAME" }' in text


def test_every_comment_that_is_a_setting_is_toml_when_the_mark_is_taken_away(rosterbus, village):
    (village.root / "rosterbus.toml").unlink()
    rosterbus("init", "--from", "village", "--to", "drop", "--name", "v", "--timezone", "America/Chicago")

    for file in ("rosterbus.toml", "pipelines/v.toml"):
        text = (village.root / file).read_text(encoding="utf-8")
        assert COMMENTED.search(text)
        read = tomllib.loads(COMMENTED.sub("", text))
        assert read
    assert read["deliver"]["drop"]["contacts"] is True
    assert read["guards"]["removed"] == 0.1


def test_the_schema_line_leads_to_a_schema_of_what_is_installed(rosterbus, village):
    rosterbus("init", "--from", "village", "--to", "drop", "--name", "v")

    folder = village.root / "pipelines"
    first = (folder / "v.toml").read_text(encoding="utf-8").splitlines()[0]
    schema = json.loads((folder / first.removeprefix("#:schema ")).read_text(encoding="utf-8"))
    assert schema["properties"]["deliver"]["properties"]["drop"]["properties"]["hours"]["type"] == "integer"


def test_a_sample_outside_the_project_is_named_by_its_whole_path(rosterbus, village, tmp_path_factory):
    sample = tmp_path_factory.mktemp("elsewhere")

    rosterbus("init", "--from", "village", "--to", "drop", "--name", "v", "--sample", str(sample))

    settings = load_pipeline(load_project(village.root), "v").source.settings
    assert settings["location"] == sample.resolve().as_posix()


def test_init_overwrites_neither_project_nor_pipeline(rosterbus, village):
    village.pipeline()
    (village.root / "rosterbus.toml").write_text('timezone = "America/Denver"\n', encoding="utf-8")
    before = (village.root / "pipelines" / "v.toml").read_text(encoding="utf-8")

    refused = rosterbus("init", "--from", "village", "--to", "drop", "--name", "v")
    beside = rosterbus("init", "--from", "village", "--to", "drop", "--name", "w")

    assert refused.code == 2
    assert "there is such a pipeline already" in refused.err
    assert (village.root / "pipelines" / "v.toml").read_text(encoding="utf-8") == before
    assert "kept    rosterbus.toml" in beside.out.splitlines()
    assert (village.root / "rosterbus.toml").read_text(encoding="utf-8") == 'timezone = "America/Denver"\n'
    assert str(load_pipeline(load_project(village.root), "w").timezone) == "America/Denver"


def test_init_without_connectors_writes_a_project_alone(rosterbus, tmp_path):
    ran = rosterbus("init")

    assert ran.code == 0
    assert "next: rosterbus init --from SOURCE --to DEST" in ran.out
    assert load_project(tmp_path).approval_hours == 24
    assert rosterbus("check").code == 0


def test_init_with_a_source_alone_or_an_unknown_one_writes_nothing(rosterbus, tmp_path):
    alone = rosterbus("init", "--from", "village")
    unknown = rosterbus("init", "--from", "village", "--to", "dorp")

    assert alone.code == 2
    assert "there is no destination `dorp`" in unknown.err
    assert list(tmp_path.iterdir()) == []


def test_add_appends_a_delivery_and_keeps_every_byte(rosterbus, village, install):
    box = "    box = settings.text('Where.', required=True)\n"
    install("letter", f"from rosterbus import settings\nclass Settings(settings.Settings):\n{box}")
    village.pipeline()
    file = village.root / "pipelines" / "v.toml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n").rstrip() + b" # no line end")
    before = file.read_bytes()

    ran = rosterbus("add", "v", "letter")

    added = file.read_bytes().removeprefix(before)
    assert ran.code == 0
    assert len(added) < len(file.read_bytes())
    assert added.count(b"\n") == added.count(b"\r\n") > 5
    assert [part.name for part in load_pipeline(load_project(village.root), "v").deliveries] == [
        "drop",
        "letter",
    ]
    assert "fill in deliver.letter.box" in ran.out.splitlines()


ASKING = """
import marshmallow
from rosterbus import settings


class Settings(settings.Settings):
    login = settings.text("The account.", required=True)
    server = settings.text("The server.")
    port = settings.number("The port.", default=22)

    @marshmallow.validates_schema
    def _is_somewhere(self, values, **_):
        if not values.get("server"):
            raise marshmallow.ValidationError({"server": ["this is missing; write it"]})
"""


def test_what_a_connector_asks_for_without_requiring_it_is_to_be_filled_in(rosterbus, village, install):
    install("letter", ASKING)
    village.pipeline()

    added = rosterbus("add", "v", "letter")
    file = village.root / "pipelines" / "v.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('# login = "..."', 'login = "a"'), encoding="utf-8")

    assert [line for line in added.out.splitlines() if line.startswith("fill in")] == [
        "fill in deliver.letter.login",
        "fill in deliver.letter.server",
    ]
    planned = rosterbus("plan", "v")
    assert planned.code == 2
    assert "`deliver.letter.server`: this is missing; write it; allowed: a text" in planned.err
    assert "reading" not in planned.err


def test_add_refuses_a_delivery_that_is_there(rosterbus, village):
    village.pipeline()
    before = (village.root / "pipelines" / "v.toml").read_bytes()

    ran = rosterbus("add", "v", "drop")

    assert ran.code == 2
    assert "`deliver.drop`: the pipeline has a delivery of this name already" in ran.err
    assert (village.root / "pipelines" / "v.toml").read_bytes() == before


def test_add_refuses_a_file_that_a_table_cannot_be_added_to(rosterbus, village, install):
    install("letter", "from rosterbus import settings\nclass Settings(settings.Settings): ...\n")
    (village.root / "pipelines").mkdir()
    file = village.root / "pipelines" / "v.toml"
    text = 'timezone = "America/Chicago"\nsource = { connector = "village" }\ndeliver = { drop = { folder = "x" } }\n'
    file.write_text(text, encoding="utf-8")

    ran = rosterbus("add", "v", "letter")

    assert ran.code == 2
    assert "write it as [deliver.<name>]" in ran.err
    assert file.read_text(encoding="utf-8") == text
