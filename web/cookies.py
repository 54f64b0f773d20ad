"""Cookies that a neighbour's site under our domain cannot set for us: `__Host-`, wherever the browser takes one.

Over plain HTTP (this machine, an office's own network before its certificate) browsers refuse such a cookie; there a
plain one is set, and there alone it is read.
"""

from collections.abc import Iterator
from typing import Literal

from fastapi import Request
from fastapi.responses import Response

RECEIPT = "vinhdanh_receipt_"  # of a ballot, and the session's code: ends with the sign-in
_HOST = "__Host-"


def _named(request: Request, name: str) -> str:
    return _HOST + name if request.url.scheme == "https" else name


def keep(
    response: Response,
    request: Request,
    name: str,
    value: str,
    *,
    seconds: int | None = None,
    samesite: Literal["lax", "strict"] = "strict",
) -> None:
    """Hand the browser a cookie for this host alone; without `seconds` it ends with the browser."""
    response.set_cookie(
        _named(request, name), value, max_age=seconds, path="/", httponly=True, samesite=samesite,
        secure=request.url.scheme == "https",
    )  # fmt: skip


def kept(request: Request, name: str) -> str:
    """The browser's cookie of that name; empty if there is none, or one that anybody could have set."""
    return request.cookies.get(_named(request, name), "")


def forget(response: Response, request: Request, name: str) -> None:
    response.delete_cookie(_named(request, name), path="/", httponly=True, secure=request.url.scheme == "https")


def beginning(request: Request, prefix: str) -> Iterator[str]:
    """The names of the cookies that begin so, without their mark."""
    for name in request.cookies:
        plain = name.removeprefix(_HOST)
        if plain.startswith(prefix):
            yield plain
