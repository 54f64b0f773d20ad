"""The OpenAPI document against the real application: generated requests, lawful and unlawful, to every operation."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from operations.people import tokens
from rules import policy
from tests.conftest import LONG
from tests.web.conftest import PASSWORD, Site
from web.api import app as api
from web.api.caller import Bearer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = 10 if LONG else 4  # of each operation
DOCUMENT = schemathesis.openapi.from_dict(api.create().openapi())
DOCUMENT.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
OPERATIONS = {one.ok().label: one.ok() for one in DOCUMENT.get_all_operations()}
ACTS = {
    f"{method} {route.path}": dependency.call.act
    for module in api.ROUTERS
    for route in module.router.routes
    if isinstance(route, APIRoute)
    for method in route.methods
    for dependency in route.dependant.dependencies
    if isinstance(dependency.call, Bearer)
}
PEOPLE = ("thuky", "canbo.xa01", "chuyenvien1", "chutich", "tv04", "tv05", "quantri")


@pytest.fixture
def served(site: Site) -> Iterator[str]:
    """The application behind a real server: what uvicorn makes of an odd request counts too."""
    server = uvicorn.Server(uvicorn.Config(site.public.app, port=0, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/api/v1"
    server.should_exit = True
    thread.join()


@pytest.fixture
def programs(site: Site) -> Iterator[dict[str, requests.Session]]:
    """A writing program of each of the people, and one that may only read."""
    found: dict[str, requests.Session] = {}
    for name, username, scope in [*((one, one, "write") for one in PEOPLE), ("reader", "thuky", "read")]:
        office = site.office
        token = office.act(tokens.issue, scope=scope, days=1, actor=office.actor(username), now=office.now)
        found[name] = requests.Session()
        found[name].headers["Authorization"] = f"Bearer {token}"
    yield found
    for session in found.values():
        session.close()


def test_every_operation_answers_as_the_document_says(
    site: Site, served: str, programs: dict[str, requests.Session]
) -> None:
    assert OPERATIONS.keys() == ACTS.keys()
    roles = {name: site.office.actor(name).roles for name in PEOPLE}
    answered: dict[str, set[int]] = {label: set() for label in OPERATIONS}
    for label, operation in OPERATIONS.items():
        act = ACTS[label]
        entitled = [name for name in PEOPLE if act is None or policy.ever(roles[name], act)]
        callers = [*entitled * 4, *programs]  # mostly those who get beyond the first look

        @seed(1)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(),
            who=st.sampled_from(callers),
            nomination=st.sampled_from([*site.codes.values()]),
        )
        def ask(case: schemathesis.Case, who: str, nomination: str) -> None:
            if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
                _make_real(case, site, nomination)
            response = case.call(session=programs[who], base_url=served)
            case.validate_response(response, checks=CHECKS)
            answered[label].add(response.status_code)  # noqa: B023 -- called at once

        ask()
    assert sorted(label for label, statuses in answered.items() if not statuses) == []
    done = {label for label, statuses in answered.items() if statuses & {200, 201}}
    # Which of them also succeed is the draw's (32 to 38 of 67 seen): a third says that requests get through at all.
    assert len(done) > len(OPERATIONS) / 3, sorted(answered.keys() - done)
    assert site.office.violations() == []


def _make_real(case: schemathesis.Case, site: Site, nomination: str) -> None:
    """What is there is worth more questions than what is not: codes of the sample in the place of invented ones."""
    path = case.operation.path
    real: dict[str, Any] = {
        "round": site.round,
        "unit": "XA01",
        "nomination": nomination,
        "codes": [nomination],
        "nominations": [nomination],
        "member": "TV05",
        "members": ["TV05"],
        "password": PASSWORD,
        "version": None,
        "versions": None,
        "code": None,
    }
    if isinstance(case.body, dict):
        case.body |= {name: real[name] for name in case.body.keys() & real.keys()}
    kind = path.split("/")[1]
    there = {"rounds": site.round, "sessions": site.session, "decisions": site.decision, "ledger": site.decision,
             "register": site.decision}.get(kind, nomination)  # fmt: skip
    if case.path_parameters:
        case.path_parameters = dict.fromkeys(case.path_parameters, there)
