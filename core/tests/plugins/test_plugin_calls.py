"""Asking the plugins of one run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rosterbus.errors import PluginError, RetriableError
from rosterbus.hookspecs import hookimpl
from rosterbus.plugins import Plugins

Install = Callable[..., str]

ANSWERS = """
from rosterbus.hookspecs import hookimpl

@hookimpl
def probe(settings):
    return ["{name}"]
"""


class Rules:
    """A plugin of the core's own."""

    @hookimpl
    def probe(self, settings):
        return ["core"]


def test_one_plugin_is_asked_and_no_other(install: Install):
    install("one", ANSWERS.format(name="one"))
    install("two", ANSWERS.format(name="two"))
    run = Plugins([("destination", "one"), ("destination", "two")])

    assert run.call("destination:one", "probe", step="checking", settings=None) == ["one"]
    assert run["destination:two"].distribution == "rosterbus-two"


def test_only_named_plugins_take_part(install: Install):
    install("named", ANSWERS.format(name="named"))
    install("bystander", "raise RuntimeError('nobody named me')")

    assert Plugins([("destination", "named")]).names == ("destination:named",)


def test_all_are_asked_in_the_order_of_the_run(install: Install):
    for name in ("zebra", "ape"):
        install(name, ANSWERS.format(name=name))
    run = Plugins([("destination", "zebra"), ("destination", "ape")], core={"rules:core": Rules()})

    answers = run.ask_all("probe", step="checking", settings=None)

    assert answers == [
        ("rules:core", ["core"]),
        ("destination:zebra", ["zebra"]),
        ("destination:ape", ["ape"]),
    ]


def test_an_answer_of_none_is_an_answer(install: Install):
    install(
        "mute",
        "from rosterbus.hookspecs import hookimpl\n\n@hookimpl\ndef notify(notice, settings): return None",
    )
    run = Plugins([("destination", "mute")])

    assert run.ask_all("notify", step="telling", notice=None, settings=None) == [("destination:mute", None)]


def test_a_plugin_named_twice_is_one(install: Install):
    install("twice", ANSWERS.format(name="twice"))

    assert Plugins([("destination", "twice"), ("destination", "twice")]).names == ("destination:twice",)


@pytest.mark.parametrize("fault", ["raise KeyError('Ada Example')", "raise SystemExit(0)"])
def test_an_exception_is_told_with_plugin_step_and_place_and_without_its_text(install: Install, fault: str):
    module = install(
        "faulty", f"from rosterbus.hookspecs import hookimpl\n\n@hookimpl\ndef probe(settings):\n    {fault}"
    )
    run = Plugins([("destination", "faulty")])

    with pytest.raises(PluginError) as failed:
        run.call("destination:faulty", "probe", step="checking", settings=None)

    kind = "KeyError" if "KeyError" in fault else "SystemExit"
    assert str(failed.value) == (
        "destination:faulty (rosterbus-faulty 1.4) failed while checking: "
        f"{kind} in `probe` at {module}/__init__.py:5; report it to its maintainers"
    )


def test_an_exception_deep_in_a_library_is_placed_in_the_plugin(install: Install):
    code = """
    import json
    from rosterbus.hookspecs import hookimpl

    @hookimpl
    def probe(settings):
        json.loads("{")
    """
    module = install("deep", code)

    with pytest.raises(PluginError, match=rf"JSONDecodeError in `probe` at {module}/__init__\.py:7"):
        Plugins([("destination", "deep")]).call("destination:deep", "probe", step="checking", settings=None)


def test_an_error_for_people_passes_unchanged(install: Install):
    install(
        "away",
        """
        from rosterbus.errors import RetriableError
        from rosterbus.hookspecs import hookimpl

        @hookimpl
        def probe(settings):
            raise RetriableError("the vendor is away")
        """,
    )

    with pytest.raises(RetriableError, match=r"^the vendor is away$"):
        Plugins([("destination", "away")]).call("destination:away", "probe", step="checking", settings=None)


def test_a_hook_that_a_plugin_lacks_is_an_error_of_its_own(install: Install):
    install("small")
    run = Plugins([("destination", "small")])

    assert run.implements("destination:small", "probe")
    assert not run.implements("destination:small", "load")
    with pytest.raises(PluginError, match="was asked for its `load` while sending, and has none"):
        run.call("destination:small", "load", step="sending", delivery=None, settings=None)


def test_one_module_cannot_be_two_plugins(install: Install):
    card = """
        title = "Both"
        kind = ["source", "destination"]
        system = "A vendor with an SIS"
        maturity = "draft"
        guarantee = "once"
        absence = "kept"
    """
    module = install("both", card=card)
    install("again", group="rosterbus.v1.sources", points_to=module)

    with pytest.raises(
        PluginError, match=r"source:again .* is refused: each entry point names a module of its own"
    ):
        Plugins([("destination", "both"), ("source", "again")])
