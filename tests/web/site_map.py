"""Every route of the site, as the application itself has it: what the tests of rights walk, so that none is forgotten."""

import re
from dataclasses import dataclass
from functools import cache

from fastapi.routing import APIRoute

from web import app as site_app
from web import route_table
from web.api.app import PREFIX
from web.limits import Limit
from web.visit import Permit

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Route:
    """One address with one method. `path` is whole, as a browser asks for it."""

    method: str
    path: str
    permits: tuple[Permit, ...]
    takes_form: bool
    limit: Limit
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
    return tuple(
        Route(one.method, one.path, one.permits, bool(one.forms), one.limit, one.api)
        for one in route_table.served(site_app.create_app().routes)
    )
