"""The one judge of e-mail addresses: what a letter can reach, at every door (RFC 5321, RFC 5890)."""

from email_validator import EmailNotValidError, validate_email

from rules.refusal import Unreadable

LONGEST, LONGEST_LOCAL_PART = 254, 64  # RFC 5321 §4.5.3.1


def read(text: str) -> str:
    """The address as letters are sent to it: ASCII before the «@», a domain of letters beyond ASCII as A-labels.

    Raises Unreadable `bad_email`. No server is asked.
    """
    said = text.strip()
    if len(said) > LONGEST:
        raise _bad(said[:80] + "…", "địa chỉ dài quá 254 ký tự")
    local, at, _ = said.rpartition("@")
    if not at or not local:
        raise _bad(said, "thiếu dấu «@» hoặc phần đứng trước nó")
    if len(local) > LONGEST_LOCAL_PART:
        raise _bad(said[:80] + "…", "phần trước «@» dài quá 64 ký tự")
    if not local.isascii():
        raise _bad(said, f"phần trước «@» («{local}») phải viết không dấu")
    try:
        found = validate_email(said, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        raise _bad(said, "không phải là một địa chỉ thư điện tử") from None
    return f"{local}@{found.ascii_domain}"


def _bad(said: str, why: str) -> Unreadable:
    return Unreadable(
        "bad_email",
        f"Không gửi thư tới «{said}» được: {why}. Hãy ghi lại địa chỉ (ví dụ ten@coquan.vn), hoặc để trống.",
        where={"field": "email"},
    )
