"""A phone's screen (390 px): a row is a card with its heads as labels, and the menu takes one line."""

import pytest

from tests.browser.conftest import Town

pytestmark = pytest.mark.browser

# A cell of a stacked table that reaches beyond the screen, or none that says what it is.
ROW = """() => {
  const row = document.querySelector('table.stack tbody tr');
  // The box to tick floats beside the first line.
  const cells = [...row.children].filter(one => one.offsetParent !== null && getComputedStyle(one).float === 'none');
  return {
    beyond: cells.filter(one => one.getBoundingClientRect().right > innerWidth).length,
    stacked: cells.every((one, n) => n === 0 || one.getBoundingClientRect().top >= cells[n - 1].getBoundingClientRect().bottom - 1),
    label: getComputedStyle(cells[cells.length - 1], '::before').content.replaceAll('"', '').trim(),
  };
}"""


def test_a_phone_shows_rows_as_cards_and_the_menu_in_one_line(town: Town) -> None:
    person = town.person(width=390)
    person.sign_in("chuyenvien1")
    person.go("/inbox?kind=submitted")
    menu = person.page.locator(".menu").bounding_box()
    head = person.page.locator("header").bounding_box()
    assert menu is not None
    assert head is not None
    assert [menu["height"] < 60, head["height"] < 150] == [True, True]
    assert person.page.evaluate(ROW) == {"beyond": 0, "stacked": True, "label": "Đợt:"}
    person.go(f"/rounds/{town.site.round}")
    assert person.page.evaluate(ROW) == {"beyond": 0, "stacked": True, "label": "Thời gian còn lại:"}


def test_codes_and_tags_keep_to_one_line_on_a_desk(town: Town) -> None:
    person = town.person()
    person.sign_in("thuky")
    person.go(f"/rounds/{town.site.round}")
    lines = """() => [...document.querySelectorAll('.keep, .tag:not(.long), .state')]
      .filter(one => one.offsetParent !== null && getComputedStyle(one).whiteSpace !== 'nowrap').length"""
    assert person.page.evaluate(lines) == 0
