"""The web application: middleware, routes, errors. Pages stand in `web/routes/`, what they show in `web/templates/`."""

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from operations import modes
from web import pages, refusals, visit
from web.admission import Admission
from web.api import app as api
from web.routes import ROUTERS
from web.security import Guard

BOUND_NAME = "VINHDANH_BOUND_NAME"  # what `up --host` was told, where that is no address in figures
STATIC = Path(__file__).parent / "static"


class _Immutable(StaticFiles):
    """Files whose address carries their own hash: a browser asks once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app() -> FastAPI:
    """The whole site. Nothing is read from the database before the first request."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        visit.installation().bind()  # another key's ledger is not served
        modes.keep_private()
        yield
        if visit.installation.cache_info().currsize:
            visit.installation().database.close()

    app = FastAPI(title="Vinh Danh", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.mount("/static", _Immutable(directory=STATIC), name="static")
    app.mount(api.PREFIX, api.create())
    for router in ROUTERS:
        app.include_router(router)
    refusals.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=800, compresslevel=5)
    app.add_middleware(Admission, routes=lambda: app.routes)
    base = urlsplit(visit.installation().base_url)
    hosts = [name for name in (base.hostname, os.environ.get(BOUND_NAME)) if name]
    app.add_middleware(Guard, https=base.scheme == "https", hosts=hosts)
    _teach_templates()
    return app


def _teach_templates() -> None:
    tags = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in STATIC.iterdir() if path.is_file()
    }
    htmx = next(STATIC.glob("htmx-*.min.js")).read_bytes()
    pages.environment().globals.update(
        static=lambda name: f"/static/{name}?{tags[name]}",
        htmx_integrity="sha384-" + base64.b64encode(hashlib.sha384(htmx).digest()).decode(),
    )


app = create_app()
