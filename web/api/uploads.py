"""Routes of the API that take a file: the form is read by a worker thread, as everywhere; FastAPI reads it on the loop."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response, params
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from web import bodies, limits


class UploadRoute(APIRoute):
    """A route whose form, where it takes one, is there before FastAPI asks for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        if self.body_field is None or not isinstance(self.body_field.field_info, params.Form):
            return answer

        async def read_first(request: Request) -> Response:
            request._form = await run_in_threadpool(bodies.form, request, limits.JSON_UPLOAD)  # noqa: SLF001 -- where Starlette keeps a form that was read
            return await answer(request)

        return read_first
