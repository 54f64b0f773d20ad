"""Form input: read once, checked against the session's token, shown again with its errors when it is refused."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from rules.refusal import Refusal
from web import bodies, limits
from web.language import words
from web.limits import Limit
from web.visit import Visit, csrf_fits


@dataclass
class Form:
    """A submitted form. `errors` maps a field's name to what is wrong with it, in the order of the page."""

    data: FormData
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, *, required: str = "", longest: int = 0) -> str:
        """A field's text without outer spaces; `required` is what to say where it is empty."""
        value = self.data.get(name, "")
        said = value.strip() if isinstance(value, str) else ""
        if required and not said:
            self.errors.setdefault(name, required)
        if longest and len(said) > longest:
            self.errors.setdefault(name, f"Nhiều nhất {longest} ký tự; bạn đã viết {len(said)}.")
        return said

    def day(self, name: str, *, required: str = "") -> date | None:
        """A day as browsers send it (2024-12-20) or as people type it (20/12/2024); an error at the field otherwise."""
        said = self.text(name, required=required)
        if not said:
            return None
        day, _, rest = said.partition("/")
        month, _, year = rest.partition("/")
        try:
            return date.fromisoformat(said if not rest else f"{year.zfill(4)}-{month.zfill(2)}-{day.zfill(2)}")
        except ValueError:
            self.errors.setdefault(name, words("Ngày viết như 20/12/2024."))
            return None

    def texts(self, name: str) -> list[str]:
        """Every value of a field that stands more than once (check boxes), in order, each once."""
        return list(dict.fromkeys(value for value in self.data.getlist(name) if isinstance(value, str) and value))

    def file(self, name: str, *, required: str = "") -> UploadFile | None:
        """An uploaded file, or None where none was chosen."""
        value = self.data.get(name)
        if isinstance(value, UploadFile) and value.filename:
            return value
        if required:
            self.errors.setdefault(name, required)
        return None

    @property
    def once(self) -> str:
        """The key this form was shown with: a second submit of the same form is the same act."""
        return self.text("once")[:80]


@dataclass(frozen=True, slots=True)
class Submission:
    """A route's declaration that it takes a form, and how large a one: `Depends(Submission(limits.LIST))`."""

    limit: Limit = limits.FORM

    def __call__(self, request: Request) -> Iterator[Form]:
        """The form of this request. Raises Unreadable `bad_form`, Refusal `stale_form` without its session's token."""
        data = bodies.form(request, self.limit)
        try:
            token = Visit.of(request).token
            if token is not None and not csrf_fits(str(data.get("csrf", "")), token):
                request.state.typed = data.multi_items()
                raise Refusal(
                    "stale_form",
                    "Biểu mẫu này thuộc một phiên đăng nhập khác hoặc đã cũ nên không được nhận; chưa có gì thay đổi. "
                    "Hãy quay lại, tải lại trang rồi gửi lại.",
                )
            form = request.state.form = Form(data)
            yield form
        finally:
            for _, value in data.multi_items():
                if isinstance(value, UploadFile):
                    value.file.close()


# Limits of routes, the strictest first; the larger ones are for people who are signed in.
Submitted = Annotated[Form, Depends(Submission())]
SubmittedLong = Annotated[Form, Depends(Submission(limits.LONG_FORM))]
SubmittedList = Annotated[Form, Depends(Submission(limits.LIST))]
SubmittedFiles = Annotated[Form, Depends(Submission(limits.UPLOAD))]


def fresh_key() -> str:
    """A key for one showing of one form."""
    return secrets.token_urlsafe(18)
