"""Every route of the site as its applications have it: what it lets somebody do, and how much may be sent to it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount, compile_path

from web import limits
from web.api.caller import Bearer
from web.forms import Submission
from web.limits import Limit
from web.visit import Permit


@dataclass(frozen=True, slots=True)
class Served:
    """One address with one method. `path` is whole, as a browser asks for it."""

    method: str
    path: str
    pattern: re.Pattern[str]
    permits: tuple[Permit, ...]
    forms: tuple[Submission, ...]
    limit: Limit
    api: APIRoute

    @property
    def for_known(self) -> bool:
        """Must somebody be known here: a session, or a token?"""
        return any(permit.act is not None or isinstance(permit, Bearer) for permit in self.permits)


def served(found: Iterable[Any], prefix: str = "") -> Iterator[Served]:
    """In the order in which they are tried. Raises TypeError for a route that this does not understand."""
    for route in found:
        included = getattr(route, "original_router", None)  # FastAPI keeps an included router whole since 0.14x
        if isinstance(route, APIRoute):
            calls = [one.call for one in _dependencies(route.dependant)]
            permits = tuple(call for call in calls if isinstance(call, Permit))
            forms = tuple(call for call in calls if isinstance(call, Submission))
            path = prefix + route.path
            for method in sorted(route.methods or ()):
                limit = limits.NOTHING if method == "GET" else _limit(route, forms)
                yield Served(method, path, compile_path(path)[0], permits, forms, limit, route)
        elif included is not None:
            yield from served(included.routes, prefix + route.include_context.prefix)
        elif isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from served(route.app.routes, prefix + route.path)
        elif not isinstance(route, Mount):  # files
            raise TypeError(f"a route that nobody understands: {route!r}")


def _dependencies(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _dependencies(one)


def _limit(route: APIRoute, forms: tuple[Submission, ...]) -> Limit:
    if forms:
        return forms[0].limit
    if route.body_field is None:
        return limits.NOTHING
    return limits.JSON_UPLOAD if isinstance(route.body_field.field_info, params.Form) else limits.JSON
