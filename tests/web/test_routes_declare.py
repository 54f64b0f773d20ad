"""Every route says whose it is, every changing form is tied to its session, and no act of the policy is forgotten."""

import re
from pathlib import Path

import pytest
from starlette.routing import Match

from rules import policy
from rules.policy import Permission
from tests.web.site_map import CHANGING, Route, routes
from web import limits, pages
from web.api.caller import Bearer, Change
from web.forms import Submission
from web.visit import Permit

TEMPLATES = sorted((Path(pages.__file__).parent / "templates").rglob("*.html"))
NAMES = [route.name for route in routes()]
# Acts that no route declares, and where they are asked for instead.
WITHIN: dict[Permission, str] = {
    Permission.SEE_FINDINGS: "a part of the nomination's page, shown or not",
    Permission.SEE_PERSONAL_FIELDS: "fields of the nomination's page: policy.fields_of_nominee",
    Permission.CLOSE: "done by the sweep of deadlines when the time for objections is over; no person asks for it",
    Permission.SEE_AUTHORISATIONS: "the chairman's own page lists them; others meet a mandate where it is used (/sign, papers)",
}


@pytest.mark.parametrize("route", routes(), ids=NAMES)
def test_a_route_declares_exactly_one_permit_of_its_kind(route: Route) -> None:
    kinds = [type(one) for one in route.permits]
    if not route.for_programs or route.path.endswith("/openapi.json"):
        expected: tuple[type[Permit], ...] = (Permit,)
    else:
        expected = (Bearer, Change)  # a cookie opens nothing under /api, a token nothing elsewhere
    assert len(kinds) == 1, f"{route.name}: give its visit (or call) one Depends(Permit(Permission.…)); it has {kinds}"
    assert kinds[0] in expected, f"{route.name}: a page takes Permit, the API Bearer or Change; it has {kinds}"
    assert route.permits[0].act is None or route.permits[0].act in policy.RULES


@pytest.mark.parametrize(
    "route",
    [one for one in routes() if one.method in CHANGING and not one.for_programs],
    ids=lambda one: one.name,
)
def test_a_form_that_changes_something_is_tied_to_its_session(route: Route) -> None:
    assert route.takes_form, f"{route.name}: take `form: Submitted`, which checks the form's csrf field"


def test_nothing_changes_by_any_other_method_than_post() -> None:
    """PUT, PATCH and DELETE come from no form; a page that took one would have no csrf field to check."""
    assert {route.method for route in routes()} == {"GET", "POST"}


def test_every_address_has_one_route_and_reaches_it() -> None:
    """A route behind another one that takes its address would never be asked, nor its permit."""
    assert sorted(NAMES) == sorted(set(NAMES))
    unreachable = []
    for place, route in enumerate(routes()):
        scope = {"type": "http", "method": route.method, "path": route.filled("x"), "headers": []}
        first = next(
            one for one in routes()[: place + 1]
            if one.for_programs == route.for_programs
            and one.api.matches({**scope, "path": _inside(one, route.filled("x"))})[0] is Match.FULL
        )  # fmt: skip
        if first is not route:
            unreachable.append(f"{route.name} is answered by {first.name}")
    assert unreachable == []


def _inside(route: Route, path: str) -> str:
    """The path as the application (the site, or the API mounted in it) sees it."""
    return path.removeprefix("/api/v1") if route.for_programs else path


def test_every_act_of_the_policy_is_some_routes() -> None:
    declared = {route.permits[0].act for route in routes() if route.permits} - {None}
    forgotten = set(Permission) - declared - set(WITHIN)
    assert forgotten == set(), "declare these acts at a route, or say in WITHIN where they are asked for"
    assert set(WITHIN) & declared == set(), "these acts are a route's now: take them out of WITHIN"


# Templates ---------------------------------------------------------------------------------------------------------

FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_form_that_posts_carries_the_csrf_field_and_no_other_does(template: Path) -> None:
    """A token in a GET form would stand in the address, in logs and in the referrer."""
    text = template.read_text(encoding="utf-8")
    assert text.count("<form") == len(FORM.findall(text)), "a form must begin and end in one template"
    for attributes, inside in FORM.findall(text):
        if 'action="/login"' in attributes:  # before the session there is nothing to tie it to; Origin guards it
            continue
        carries = "parts.hidden(" in inside or 'name="csrf"' in inside
        assert carries == ('method="post"' in attributes), f"{template.name}: <form{attributes}>"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_trusts_nobodys_text(template: Path) -> None:
    """Nothing is marked safe but the picture of a second factor's key and the charts, which our own code draws."""
    text = template.read_text(encoding="utf-8")
    ours = {"second_factor": ["picture"], "dashboard": ["chart"]}
    assert re.findall(r"([\w.]+)\s*\|\s*safe", text) in ([], ours.get(template.stem, []))
    assert re.findall(r"autoescape|\bon\w+=|style=|javascript:|<style|srcdoc|<base|<iframe|<object|<embed", text) == []
    scripts = re.findall(r"<script\b[^>]*>", text)
    assert scripts == (["""<script src="{{ static('htmx-2.0.11.min.js') }}" integrity="{{ htmx_integrity }}" defer>"""]
                       if template.stem == "_frame" else [])  # fmt: skip


# Limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", routes(), ids=NAMES)
def test_a_stranger_may_send_a_form_and_to_one_page_a_file(route: Route) -> None:
    """A route that says nothing of how much it takes has the strictest limit; the larger ones ask who is there."""
    known = route.permits[0].act is not None or isinstance(route.permits[0], Bearer)
    if not known:
        lawful = {limits.ONE_FILE} if route.path == "/verify" else {limits.NOTHING, limits.FORM}
        assert route.limit in (lawful if route.method in CHANGING else {limits.NOTHING})
    most = route.limit.text + route.limit.file_bytes
    assert most <= (12 * limits.MB if route.limit.files else 4 * limits.MB)
    assert Submission().limit == limits.FORM
    assert (limits.FORM.text, limits.FORM.fields, limits.FORM.files) == (64 * 1024, 40, 0)
