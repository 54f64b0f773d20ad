"""The API's application: its routers, its errors as RFC 9457 problems, its OpenAPI 3.1 document."""

from functools import cache
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from rules.refusal import Refusal, Unreadable
from web import problems
from web.api import council, decisions, law, nominations, register, rounds, system
from web.api.caller import REALM, Call, TokenNeeded
from web.api.schemas.shared import Problem
from web.problems import problem
from web.refusals import status_of
from web.visit import Permit

PREFIX = "/api/v1"
ROUTERS = (rounds, nominations, council, decisions, register, law, system)

# What any operation may answer besides its success. All are problems.
ERRORS: dict[int, str] = {
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The token's scope or its account's roles do not allow this.",
    404: "There is no such thing, or none that the public may see.",
    405: "This address does not take this method.",
    409: "A lawful refusal: the state of things forbids it; `code`, `title` and `citation` say why.",
    408: "The body came too slowly; nothing was changed.",
    413: "The body is longer than 1 MB, with a file than 12 MB.",
    422: "The request cannot be read; `where` says what of it.",
    429: "Too many wrong passwords.",
    500: "A fault of this system; nothing was changed.",
}
_DESCRIPTION = (
    "The verbs of `vinhdanh` as JSON, over the same operations. Create a token with `vinhdanh token create` and send it "
    "as `Authorization: Bearer …`; the scope `read` changes nothing. Errors are problem+json (RFC 9457), their titles "
    "Vietnamese sentences that say what to do next. Lists are pages: hand `next` back as `after`. Voting and signing "
    "ask for the account's password in the body: a token alone does neither."
)


def create() -> FastAPI:
    """The application to be mounted at /api/v1."""
    api = FastAPI(
        title="Vinh Danh",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for module in ROUTERS:
        api.include_router(module.router)
    document = cache(lambda: _document(api))  # written when it is first asked for: it takes a second

    @api.get("/openapi.json", include_in_schema=False, dependencies=[Depends(Permit(None))])
    def openapi() -> JSONResponse:
        return JSONResponse(document())

    api.openapi = document  # type: ignore[method-assign] # -- FastAPI's documented way to extend the document
    _handle(api)
    return api


def _document(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document with every error of every operation, and no other."""
    found = get_openapi(
        title=api.title,
        version=api.version,
        description=api.description,
        routes=api.routes,
        servers=[{"url": PREFIX}],
    )
    components = found["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= schema.pop("$defs", {})
    components["schemas"]["Problem"] = schema
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "vd_…"}}
    found["security"] = [{"token": []}]
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in found["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            for status, description in ERRORS.items():
                operation["responses"][str(status)] = {"description": description, "content": content}
            operation["responses"]["401"]["headers"] = {
                "WWW-Authenticate": {"required": True, "schema": {"type": "string"}}
            }
    return found


def _handle(api: FastAPI) -> None:
    @api.exception_handler(TokenNeeded)
    def _token(request: Request, needed: TokenNeeded) -> Response:
        del request
        said = "Mã truy cập không đúng, đã hết hạn hoặc đã bị thu hồi." if needed.given else "Cần mã truy cập."
        challenge = f'{REALM}, error="invalid_token"' if needed.given else REALM  # RFC 6750 §3
        code = "invalid_token" if needed.given else "token_needed"
        return problem(
            401,
            code,
            f"{said} Tạo mã ở trang Tài khoản của tôi (dòng lệnh: `vinhdanh token create`).",
            headers={"WWW-Authenticate": challenge},
        )

    @api.exception_handler(Refusal)
    def _refusal(request: Request, refusal: Refusal) -> Response:
        call: Call | None = getattr(request.state, "call", None)
        if refusal.reach and call is not None:
            call.note(refusal)
        return problem(
            status_of(refusal),
            refusal.code,
            refusal.message,
            citation=refusal.citation.model_dump() if refusal.citation else None,
            details=refusal.details or None,
        )

    @api.exception_handler(Unreadable)
    def _unreadable(request: Request, error: Unreadable) -> Response:
        del request
        where = [{"field": str(field), "message": str(value)} for field, value in error.where.items()]
        return problem(422, error.code, error.message, where=where or None)

    @api.exception_handler(RequestValidationError)
    def _validation(request: Request, error: RequestValidationError) -> Response:
        del request
        where = [{"field": "/".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
        return problem(422, "invalid_request", "Yêu cầu không đúng mẫu; xem tài liệu OpenAPI.", where=where[:50])

    @api.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        del request
        if error.status_code == 400:
            # FastAPI's word for a body it could not parse for whatever reason: too deep, numbers without end.
            return problem(422, "bad_body", "Không đọc được nội dung gửi lên.")
        said = {404: "Không có địa chỉ này.", 405: "Địa chỉ này không nhận phương thức đó."}.get(error.status_code)
        return problem(error.status_code, "http", said or str(error.detail), headers=dict(error.headers or {}))

    @api.exception_handler(Exception)
    def _fault(request: Request, error: Exception) -> Response:
        del request, error  # it stands in the server's own log
        return problem(500, "fault", "Hệ thống gặp lỗi. Chưa có gì thay đổi; hãy thử lại hoặc báo quản trị.")
