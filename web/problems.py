"""Errors for programs, as RFC 9457 problem+json."""

import json
from collections.abc import Mapping

from fastapi.responses import Response

MEDIA_TYPE = "application/problem+json"


def problem(
    status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **further: object
) -> Response:
    """A problem whose `code` is the stable word of docs/contract.md; what is None of `further` is left out."""
    said = {"type": f"urn:vinhdanh:{code}", "title": message, "status": status, "code": code}
    said |= {name: value for name, value in further.items() if value is not None}
    # It may quote input that is no Unicode text (half of a surrogate pair).
    content = json.dumps(said, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)
