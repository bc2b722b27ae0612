"""What is installed, what of it is refused and why."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from rosterbus import plugins
from rosterbus.errors import PluginError

Install = Callable[..., str]


def the(name: str, *, examined: bool = False) -> plugins.Installed:
    found = plugins.examine() if examined else plugins.installed()
    return next(one for one in found if one.name == name)


def test_a_plugin_is_listed_with_its_card_and_without_being_imported(install: Install):
    module = install("quiet", "raise RuntimeError('must not be imported')")

    one = the("quiet")

    assert (one.kind, one.distribution, one.version, one.module) == (
        "destination",
        "rosterbus-quiet",
        "1.4",
        module,
    )
    assert (one.plugin, one.origin, one.problem) == ("destination:quiet", "rosterbus-quiet 1.4", None)
    assert one.card is not None
    assert one.card.hosts == ("{host}",)
    assert module not in sys.modules


def test_a_good_plugin_is_loaded_under_its_kind_and_name(install: Install):
    module = install("good")

    loaded = plugins.load("destination", "good")

    assert (loaded.name, loaded.distribution, loaded.version) == ("destination:good", "rosterbus-good", "1.4")
    assert loaded.module is sys.modules[module]
    assert the("good", examined=True).problem is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "\n\nraise ValueError('not today')",
            "cannot be imported: ValueError: not today at {module}/__init__.py:3",
        ),
        ("import rosterbus_absent", "ModuleNotFoundError: No module named 'rosterbus_absent'"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 at {module}/__init__.py:2"),
    ],
    ids=["raises", "lacks a module", "is no Python", "leaves"],
)
def test_a_plugin_that_cannot_be_imported_says_where_and_hides_no_other(
    install: Install, code: str, reason: str
):
    module = install("broken", code)
    install("good")

    with pytest.raises(PluginError) as refused:
        plugins.load("destination", "broken")

    assert str(refused.value).startswith("destination:broken (rosterbus-broken 1.4) cannot be imported: ")
    assert reason.format(module=module) in str(refused.value)
    assert reason.format(module=module) in (the("broken", examined=True).problem or "")
    assert the("good", examined=True).problem is None


def test_a_misspelt_hook_is_refused_with_the_nearest_real_one(install: Install):
    install(
        "typo", "from rosterbus.hookspecs import hookimpl\n\n@hookimpl\ndef adress(delivery, settings): ..."
    )

    with pytest.raises(
        PluginError,
        match=r"is refused: it has the hook `adress`, which does not exist; did you mean `address`\?",
    ):
        plugins.load("destination", "typo")


def test_a_hook_like_no_other_is_refused_with_the_list_of_hooks(install: Install):
    install("odd", "from rosterbus.hookspecs import hookimpl\n\n@hookimpl\ndef zzz(settings): ...")

    with pytest.raises(PluginError, match="`zzz`, which does not exist; there are: extract, map, validate"):
        plugins.load("destination", "odd")


def test_an_unknown_argument_of_a_hook_is_refused(install: Install):
    install(
        "wish", "from rosterbus.hookspecs import hookimpl\n\n@hookimpl\ndef probe(settings, password): ..."
    )

    with pytest.raises(PluginError, match=r"is refused: .*'password'.* can not be found in the hookspec"):
        plugins.load("destination", "wish")


def test_another_connector_api_is_shown_and_refused(install: Install):
    install("future", group="rosterbus.v2.destinations")

    assert the("future").problem == "needs connector API 2, this core speaks 1"
    with pytest.raises(PluginError, match="cannot be used: needs connector API 2"):
        plugins.load("destination", "future")


def test_an_unknown_group_is_shown(install: Install):
    install("lost", group="rosterbus.v1.teleporters")

    assert "found `rosterbus.v1.teleporters`; allowed: rosterbus.v1.sources" in (the("lost").problem or "")


def test_two_distributions_of_one_name_are_both_named_and_refused(install: Install):
    install("first", entry="same")
    install("second", entry="same", version="2.0")

    problems = {one.distribution: one.problem for one in plugins.installed() if one.name == "same"}

    sentence = (
        "rosterbus-first 1.4 and rosterbus-second 2.0 all claim to be destination:same; uninstall all but one"
    )
    assert problems == {"rosterbus-first": sentence, "rosterbus-second": sentence}
    with pytest.raises(PluginError, match="uninstall all but one"):
        plugins.load("destination", "same")


def test_a_plugin_without_a_card_is_refused(install: Install):
    module = install("cardless", card=None)

    assert (
        the("cardless").problem
        == f"the package `{module}` has no connector.toml; its maintainers must add one"
    )
    with pytest.raises(PluginError, match=r"has no connector\.toml"):
        plugins.load("destination", "cardless")


def test_an_entry_point_must_name_a_module_that_is_there(install: Install):
    install("object", points_to="rosterbus_object:plugin")
    install("gone", points_to="rosterbus_gone_away")

    assert "the entry point names no module; found `rosterbus_object:plugin`" in (the("object").problem or "")
    assert (
        the("gone").problem
        == "the package `rosterbus_gone_away` is not there; install the distribution again"
    )


def test_a_card_of_another_kind_is_refused(install: Install):
    install("mistaken", group="rosterbus.v1.sources")

    assert "`kind`: the card is of another kind; found destination; allowed: source" in (
        the("mistaken").problem or ""
    )


def test_a_missing_plugin_names_what_is_there_and_what_to_install(install: Install):
    install("handbell")

    with pytest.raises(
        PluginError,
        match=r"there is no destination `xyz`; installed: .*handbell.*; `pip install rosterbus-xyz`\?",
    ):
        plugins.load("destination", "xyz")
    with pytest.raises(PluginError, match=r"did you mean `handbell`\?"):
        plugins.load("destination", "handbel")
    with pytest.raises(PluginError, match=r"there is no source `handbell` \(`handbell` is a destination\)"):
        plugins.load("source", "handbell")
