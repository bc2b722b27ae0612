"""The page in a browser, as somebody who never saw one uses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from rosterbus.findings import Finding, Problem
from rosterbus.reports import ReportedDelivery, Run

Seen = Callable[..., Page]
Springfield = Callable[..., Run]


def rows(page: Page) -> list[list[str]]:
    return [row.locator("td").all_inner_texts() for row in page.locator("#rows tr").all()]


def search(page: Page, words: str, told: str) -> None:
    page.get_by_role("searchbox").fill(words)
    expect(page.get_by_role("status")).to_have_text(told)


def test_a_newcomer_finds_which_students_were_rejected_and_why_in_two_clicks(
    seen: Seen, springfield_run: Springfield
):
    page = seen(springfield_run())

    page.get_by_role("table", name="What became").get_by_role("link", name="279 rejected").click()
    expect(page.get_by_role("status")).to_have_text("304 problems of 332; 1 to 50 are shown")
    page.get_by_role("button", name="Gender").click()

    expect(page.get_by_role("status")).to_have_text("61 problems of 332; 1 to 50 are shown")
    expect(page.get_by_role("heading", name="Problems")).to_be_in_viewport()
    assert {tuple(row[3:]) for row in rows(page)} == {
        ("Gender", "Must be one of: F, M.", "samegoal, students")
    }
    assert re.fullmatch(r"s\d+", rows(page)[0][0])
    assert rows(page)[0][1] == "users.csv"


def test_search_looks_into_every_column(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())

    search(page, "s100021", "2 problems of 332")
    search(page, "not a valid DATE", "214 problems of 332; 1 to 50 are shown")
    search(page, "gender must", "61 problems of 332; 1 to 50 are shown")
    search(page, "users.csv whole", "3 problems of 332")
    search(page, "birth s100042", "1 problem of 332")
    search(page, "csv 305", "1 problem of 332")
    search(page, "nowhere.csv", "No problem fits this search")


def test_what_a_search_finds_can_be_narrowed_by_cause_and_widened_again(
    seen: Seen, springfield_run: Springfield
):
    page = seen(springfield_run())
    search(page, "valid", "260 problems of 332; 1 to 50 are shown")
    cause = page.get_by_role("button", name="Birth Date")

    cause.click()
    expect(cause).to_have_attribute("aria-pressed", "true")
    expect(cause).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("214 problems of 332; 1 to 50 are shown")
    cause.click()
    expect(page.get_by_role("status")).to_have_text("260 problems of 332; 1 to 50 are shown")
    page.get_by_label("In", exact=True).select_option("handshake: students (28)")
    expect(page.get_by_role("status")).to_have_text("23 problems of 332")


def test_pages_turn_to_the_last_row_and_back(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())
    pager = page.get_by_role("navigation", name="Pages of problems")
    first = rows(page)

    pager.get_by_role("button", name="Next").click()
    expect(page.get_by_role("status")).to_have_text("332 problems; 51 to 100 are shown")
    pager.get_by_role("button", name="Last").click()
    expect(pager).to_contain_text("Page 7 of 7")
    assert len(rows(page)) == 32
    expect(pager.get_by_role("button", name="Next")).to_have_attribute("aria-disabled", "true")
    pager.get_by_role("button", name="First").click()
    assert rows(page) == first


def test_tables_sort_by_their_headers(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())
    table = page.get_by_role("table", name="handshake, students: by school")

    def new() -> list[int]:
        return [int(text) for text in table.locator("tbody td:nth-child(3)").all_inner_texts()]

    table.get_by_role("button", name="New", exact=True).click()
    expect(table.get_by_role("columnheader", name="New", exact=True)).to_have_attribute(
        "aria-sort", "descending"
    )
    assert new() == sorted(new(), reverse=True)
    table.get_by_role("button", name="New", exact=True).click()
    expect(table.get_by_role("columnheader", name="New", exact=True)).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert new() == sorted(new())
    table.get_by_role("button", name="School").click()
    names = table.locator("tbody th").all_inner_texts()
    assert names == sorted(names)
    assert table.locator("[aria-sort]").count() == 1


def test_the_whole_page_is_used_with_the_keyboard_alone(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="28 rejected")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Problems")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("longer")
    expect(page.get_by_role("status")).to_have_text("4 problems of 332")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Student Id")).to_have_attribute("aria-pressed", "true")


def test_every_stop_of_the_keyboard_can_be_seen(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                "() => { const style = getComputedStyle(document.activeElement);"
                " return [document.activeElement.tagName, style.outlineStyle, parseFloat(style.outlineWidth)]; }"
            )
        )

    assert {tuple(stop[1:]) for stop in stops if stop[0] != "BODY"} == {("solid", 3)}


def test_a_hold_stands_in_its_fixed_parts(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())
    hold = page.locator(".hold").first

    assert hold.locator("dt").all_inner_texts() == [
        "Why", "Likely cause", "If you do nothing", "If the source is wrong", "If it is right",
    ]  # fmt: skip
    expect(hold).to_contain_text(
        "409 of 411 rows (100%) of students of school 0123 are removed; the limit is 10%"
    )
    assert hold.locator("pre code").all_inner_texts() == [
        "rosterbus run springfield --deliver samegoal",
        "rosterbus approve same7f3a --by NAME --reason TEXT",
        "rosterbus apply same7f3a",
    ]


def test_a_command_is_copied(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run(), permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy rosterbus apply same7f3a").click()

    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "rosterbus apply same7f3a"


def test_what_waits_for_a_person_says_what_that_person_does(
    seen: Seen, springfield_run: Springfield, held_receipt: Callable[..., dict[str, Any]]
):
    run = springfield_run()
    receipt = held_receipt("samegoal", "held", {}, id="same7f3a-1", steps=["log in", "choose the file"])
    waiting = replace(run.deliveries[1], verdict="go", findings=())
    page = seen(replace(run, deliveries=[waiting], receipts=[receipt]))

    assert page.locator(".hold li").all_inner_texts() == ["log in", "choose the file"]
    assert page.locator(".hold code").all_inner_texts() == [
        "rosterbus settle same7f3a-1 --arrived --by NAME --reason TEXT",
        "rosterbus settle same7f3a-1 --not-arrived --by NAME --reason TEXT",
        "rosterbus report same7f3a-1 --import FILE",
    ]
    expect(page.locator(".outcome")).to_contain_text("Waiting for a person's upload: samegoal.")


def test_a_delivery_that_somebody_approved_is_settled_and_not_approved_again(
    seen: Seen, springfield_run: Springfield, held_receipt: Callable[..., dict[str, Any]]
):
    run = springfield_run()
    receipt = held_receipt("samegoal", "held", {}, id="same7f3a-1", because="the answer was lost")
    page = seen(replace(run, receipts=[receipt]))
    card = page.get_by_role("region", name="samegoal")

    expect(card).to_contain_text("the answer was lost")
    expect(card.get_by_text("Was held").first).to_be_visible()
    assert [text.split()[1] for text in card.locator(".hold code").all_inner_texts()] == ["settle", "settle"]


def test_what_the_vendor_said_is_marked_as_its_word(seen: Seen, springfield_run: Springfield):
    refused = Problem("users.csv", 9, "email", "refused by the vendor: unknown", kind="vendor", key="s9")
    page = seen(springfield_run(problems=[refused]))

    expect(page.get_by_role("button", name="refused by the vendor")).to_contain_text("said by the vendor")
    expect(page.get_by_role("button", name="Student Id")).not_to_contain_text("said by the vendor")


def test_what_an_earlier_run_began_has_its_receipt(
    seen: Seen, springfield_run: Springfield, held_receipt: Callable[..., dict[str, Any]]
):
    run = springfield_run()
    earlier = held_receipt("enroll", "failed", {}, because="the vendor refused the password")
    page = seen(replace(run, receipts=[*run.receipts, earlier]))

    expect(page.locator(".outcome")).to_contain_text("Failed: enroll.")
    expect(page.get_by_role("region", name="enroll")).to_contain_text("the vendor refused the password")


def test_a_run_without_anything_has_a_page_too(seen: Seen, springfield_run: Springfield):
    page = seen(replace(springfield_run(), deliveries=[], receipts=[], history=[]))

    expect(page.locator(".outcome")).to_have_text("Nothing was planned. No row has a problem.")
    expect(page.get_by_role("main")).to_contain_text("Nothing was uploaded yet.")


def test_cells_that_were_asked_for_stand_beside_their_errors_under_a_notice(
    seen: Seen, springfield_run: Springfield
):
    page = seen(springfield_run(values=True))
    cell = page.locator("#rows td").nth(4)

    page.get_by_role("searchbox").fill("gender s100021")
    expect(cell).to_have_text("blank")
    page.get_by_role("searchbox").fill("email s100021")
    expect(cell).to_have_text("cell 3")
    expect(page.get_by_role("banner")).to_contain_text("This page shows cell values of people")


def test_moments_are_told_in_the_time_zone_of_the_run(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())
    page.get_by_text("Receipt", exact=True).first.click()

    expect(page.get_by_role("banner")).to_contain_text("20 November 2026, 21:04 CST")
    expect(page.locator(".receipt").first).to_contain_text("20 November 2026, 21:04")
    expect(page.locator(".receipt").first).to_contain_text("every row read is accounted for")


HOSTILE = (
    "</script><script>alert('in')</script><img src=x onerror=alert(1)>\"'&amp;{{ 7 * 7 }}",
    "<!--<script>",
    "abc\u202egnp.exe\u2066",
    "nul\x00bell\x07\u0085",
    "👩🏽‍🎓 Zoë 学生 طالب",
    "x" * 10_000,
)


@pytest.mark.parametrize(
    "text", HOSTILE, ids=["markup", "comment", "direction", "control", "letters", "long"]
)
def test_no_text_is_anything_but_text(seen: Seen, springfield_run: Springfield, text: str):
    run = springfield_run()
    problem = Problem(text, 7, text, text, key=text)
    finding = Finding(
        "hold", text, text, text, layout=text, school=text, cause=text, if_wrong=text, numbers={text: text}
    )
    layout = replace(
        run.deliveries[0].layouts[0], name=text, lead=text, problems=[problem], columns={text: 3}, proof=text,
        schools={text: {"new": 3}}, grades={text: {"new": 3}},
    )  # fmt: skip
    delivery = ReportedDelivery(text, [layout], "same7f3a", text, "held", text, [finding])
    receipt = {**run.receipts[1], "because": text, "target": text, "evidence": {text: [text, {text: text}]}}
    history = [replace(run.history[0], file=text, status=text, report=text, delivery=text, plan=text)]
    page = seen(
        replace(
            run,
            pipeline=text,
            deliveries=[delivery],
            receipts=[receipt],
            history=history,
            schools={text: text},
        )
    )
    shown = text.translate({0: "␀", 7: "␇", 0x85: "[U+0085]", 0x202E: "[U+202E]", 0x2066: "[U+2066]"})

    assert page.get_by_role("heading", level=1).text_content() == shown
    assert [cell.text_content() for cell in page.locator("#rows td").all()] == [
        shown, shown, "7", shown, shown, f"{shown}, {shown}",
    ]  # fmt: skip
    search(page, text[:3], "1 problem of 1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("img").count() == 0


def test_a_hundred_thousand_problems_stay_a_small_page(
    seen: Seen, springfield_run: Springfield, wrong: Callable[..., list[Problem]]
):
    many = {(f"Column {place}", f"Not a valid {place}."): 100 for place in range(999)} | {
        ("Gender", "No."): 72
    }
    page = seen(springfield_run(problems=wrong("users.csv", many)))

    expect(page.get_by_role("status")).to_have_text("100,000 problems; 1 to 50 are shown")
    expect(page.get_by_role("button", name="Show 24 of 995 more")).to_be_visible()
    search(page, "gender no", "72 problems of 100,000; 1 to 50 are shown")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Last").click()
    expect(page.get_by_role("status")).to_have_text("100,000 problems; 99,951 to 100,000 are shown")
    assert page.evaluate("document.querySelectorAll('*').length") < 4000


def test_the_page_says_what_it_can_where_scripts_do_not_run(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run(), java_script_enabled=False)

    page.get_by_role("link", name="279 rejected").click()
    gender = page.locator("#problems-1 details").filter(has_text="Gender")
    gender.locator("summary").click()

    expect(gender.get_by_role("table", name="The first 5")).to_be_visible()
    assert gender.locator("tbody tr").count() == 5
    told = page.locator("#problems-1").inner_text()
    assert "samegoal-students.csv" in told
    assert "rosterbus report springfield --format sync-report" in told
    expect(page.get_by_role("searchbox")).to_be_hidden()


def test_a_narrow_screen_scrolls_in_one_direction_alone(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())

    for width in (320, 390, 820):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_paper_shows_what_was_folded(seen: Seen, springfield_run: Springfield):
    page = seen(springfield_run())
    page.emulate_media(media="print")
    receipt = page.locator(".receipt").first

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(receipt.get_by_role("table", name="handshake: files")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(receipt.get_by_role("table", name="handshake: files")).to_be_hidden()
