"""Checks of typed details of units, accounts and documents, shared by every verb of this room."""

from operations import free_text
from rules import email_address
from rules.refusal import Citation, Refusal, Unreadable

WRITTEN = Citation(document="30/2020/NĐ-CP", article="13", clause="3")


def require(good: object, code: str, message: str, said: str) -> None:
    if not good:
        raise Unreadable(code, message, where={"value": said})


def text(what: str, said: str, most: int = 200) -> str:
    if not said.strip():
        raise Unreadable("missing_value", f"{what} còn trống.")
    free_text.check(what, said, most)
    return said.strip()


def address(said: str | None) -> str | None:
    if not said:
        return None
    return email_address.read(said)


def document(said: str) -> str:
    if not said.strip():
        raise Refusal(
            "document_required", "Phải ghi số văn bản làm căn cứ (quyết định, giấy ủy quyền).", citation=WRITTEN
        )
    free_text.check("Số văn bản", said, 80)
    return said.strip()
