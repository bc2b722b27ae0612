from __future__ import annotations

import pytest
from rosterbus.errors import ConfigError


def test_a_unique_prefix_is_enough(ledger, road):
    plan = road.plan(id="7f3a0001")
    road.plan(id="9c1e0002", delivery="samegoal")
    assert ledger.find_plan("7f3").id == ledger.find_plan("7f3a0001").id == plan.id


def test_an_ambiguous_prefix_lists_what_it_could_be(ledger, road):
    road.plan(id="7f3a0001")
    road.plan(id="7f3b0002", delivery="samegoal")
    road.plan(id="9c1e0003", delivery="third")
    with pytest.raises(ConfigError) as caught:
        ledger.find_plan("7f3")
    sentence = str(caught.value)
    assert sentence.startswith(
        "more than one plan is meant; found 7f3; allowed: 7f3b0002 (springfield -> samegoal"
    )
    assert "7f3a0001 (springfield -> handshake, staged, 2026-09-01 02:00 UTC)" in sentence
    assert "9c1e" not in sentence


def test_an_unknown_text_lists_what_there_is(ledger, road):
    road.delivery("held", id="7f3a0001")
    with pytest.raises(
        ConfigError, match=r"there is no such delivery; found zz; allowed: 7f3a0001-1 \(springfield"
    ):
        ledger.find_delivery("zz")


def test_an_empty_ledger_says_so(ledger):
    with pytest.raises(ConfigError, match="no such plan; found last; allowed: none yet"):
        ledger.find_plan("last")


def test_last_means_the_newest_of_all(ledger, road):
    road.delivery()
    newest = road.delivery(pipeline="shelbyville", delivery="samegoal")
    assert ledger.find_plan("last").id == newest.plan
    assert ledger.find_delivery("last") == newest


def test_a_pipeline_means_the_newest_of_its_only_delivery(ledger, road):
    road.delivery("failed")
    newest = road.delivery()
    road.delivery(pipeline="shelbyville")
    assert ledger.find_plan("springfield").id == newest.plan
    assert ledger.find_delivery("springfield") == newest


def test_a_pipeline_with_several_deliveries_lists_the_newest_of_each(ledger, road):
    older = road.plan()
    newer, other = road.plan(), road.plan(delivery="samegoal")
    with pytest.raises(ConfigError, match="more than one plan") as caught:
        ledger.find_plan("springfield")
    assert newer.id in str(caught.value)
    assert other.id in str(caught.value)
    assert older.id not in str(caught.value)


def test_a_pipeline_s_name_goes_before_a_prefix(ledger, road):
    road.plan(id="feed0001")
    named = road.plan(id="0badcafe", pipeline="feed")
    assert ledger.find_plan("feed").id == named.id


def test_the_id_of_a_plan_means_the_last_try_to_deliver_it(ledger, road):
    first = road.delivery("failed", id="7f3a0001")
    second = ledger.deliveries.create(first.plan, destination="handshake", token=road.run)
    assert ledger.find_delivery("7f3a").id == second.id
    assert ledger.find_delivery(first.id) == first


@pytest.mark.parametrize("text", ["%", "_", "7f3_"])
def test_a_prefix_is_taken_as_it_stands(ledger, road, text):
    road.plan(id="7f3a0001")
    with pytest.raises(ConfigError, match="no such plan"):
        ledger.find_plan(text)
