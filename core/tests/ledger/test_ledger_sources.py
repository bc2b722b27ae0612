from __future__ import annotations


def test_a_pipeline_that_never_ran_has_no_source_state(ledger):
    assert ledger.sources.current("springfield") is None


def test_the_state_of_the_last_accepted_extract_comes_back(ledger):
    for number in (1, 2):
        ledger.sources.accept("springfield", state={"sha256": f"{number}"})
    ledger.sources.accept("shelbyville", state={"sha256": "9"})
    assert ledger.sources.current("springfield").state == {"sha256": "2"}
    assert ledger.sources.current("shelbyville").state == {"sha256": "9"}
