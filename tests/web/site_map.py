"""Every route of the site, as the application itself has it: what the tests of rights walk, so that none is forgotten."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from web import app as site_app
from web.api.app import PREFIX
from web.forms import submitted
from web.visit import Permit

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Route:
    """One address with one method. `path` is whole, as a browser asks for it."""

    method: str
    path: str
    permits: tuple[Permit, ...]
    takes_form: bool
    api: APIRoute

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def for_programs(self) -> bool:
        return self.path.startswith(PREFIX)

    def filled(self, value: str) -> str:
        return re.sub(r"\{[^}]+\}", value, self.path)


@cache
def routes() -> tuple[Route, ...]:
    """In the order in which they are tried."""
    return tuple(_walk(site_app.create_app().routes, ""))


def _walk(found: Iterable[BaseRoute], prefix: str) -> Iterator[Route]:
    for route in found:
        included = getattr(route, "original_router", None)  # FastAPI keeps an included router whole since 0.14x
        if isinstance(route, APIRoute):
            calls = [one.call for one in _dependencies(route.dependant)]
            permits = tuple(call for call in calls if isinstance(call, Permit))
            for method in sorted(route.methods):
                yield Route(method, prefix + route.path, permits, submitted in calls, route)
        elif included is not None:
            yield from _walk(included.routes, prefix + route.include_context.prefix)
        elif isinstance(route, Mount) and hasattr(route.app, "dependency_overrides"):  # an application, not files
            yield from _walk(route.app.routes, prefix + route.path)
        elif not isinstance(route, Mount):
            raise AssertionError(f"a route that no test understands: {route!r}")


def _dependencies(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _dependencies(one)
