"""Possibly equal people: names that differ only in their typing. A question for people, never an answer.

The one rule for import, form, mending, the reviewer's finding and search: the tone mark over the other vowel (Thuý, Thúy),
y or i, a form of address in the name, spacing, capitals; and a birth date that only one of them says.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")  # huyền, sắc, ngã, hỏi, nặng
_VOWELS = "aăâeêioôơuư"
_Y = re.compile(rf"(?:(?<=qu)|(?<![{_VOWELS}]))y(?![{_VOWELS}])")
_ADDRESS = re.compile(
    r"(?:(?:(?:hộ )?gia đình|hộ)\s+)?(?:(?:ông|bà|anh|chị|cô giáo|thầy giáo|cô|thầy|đ/c|đc|đồng chí|bác sĩ|bác sỹ"
    r"|(?:gs|pgs|ts|ths|bs|ks|cn|ckii?|ncs)\b(?:\s*[.,]\s*(?:gs|pgs|ts|ths|bs|ks|cn))*)[.,:]?\s+)"
)
_HOUSEHOLD = re.compile(r"(?:(?:hộ )?gia đình|hộ)\s+")
# What may be all that differs, as the question says it.
DIFFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "address": "danh xưng viết trong tên",
        "case": "chữ hoa, chữ thường",
        "tone": "chỗ đặt dấu thanh",
        "y_i": "y hay i",
        "spacing": "khoảng trắng",
    }
)
UNKNOWN_BIRTH = "chỉ một bên ghi ngày sinh"


class Who(Protocol):
    """Somebody as a list names them."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def birth_date(self) -> date | None: ...


@lru_cache(maxsize=65_536)
def key(name: str, but: str = "") -> str:
    """What a name comes to when none of these differences counts; `but` is one that does."""
    said = unicodedata.normalize("NFC", " ".join(name.split())).replace("’", "'").replace("Ð", "Đ").replace("ð", "đ")
    folded = said.casefold()
    if but != "address":
        for opening in (_ADDRESS, _HOUSEHOLD):
            if (found := opening.match(folded)) and " " in folded[found.end() :].strip():
                said, folded = said[found.end() :].strip(), folded[found.end() :].strip()
                break
    if but != "case":
        said = folded
    if but != "y_i":
        said = " ".join(_without_y(word) for word in said.split(" "))
    if but != "tone":
        split = unicodedata.normalize("NFD", said)
        tones = "".join(char for char in split if char in _TONES)
        letters = unicodedata.normalize("NFC", "".join(char for char in split if char not in _TONES))
        said = f"{letters}|{tones}" if but == "spacing" else f"{letters.replace(' ', '')}|{tones}"
    return said if but == "spacing" else said.replace(" ", "")


def _without_y(word: str) -> str:
    """The word with i where y is its whole vowel: Lý, Lí; quý, quí; never in Thuý, Yến, Hay."""
    split = unicodedata.normalize("NFD", word)
    bare = "".join(char for char in split if char not in _TONES)
    plain = unicodedata.normalize("NFC", bare)
    if not _Y.search(plain.casefold()):
        return word
    places = [found.start() for found in _Y.finditer(plain.casefold())]
    count, made = -1, []
    for char in split:
        if not unicodedata.combining(char):
            count += 1
        swap = char in "yY" and count in places
        made.append(("i" if char == "y" else "I") if swap else char)
    return unicodedata.normalize("NFC", "".join(made))


def differences(one: str, other: str) -> list[str]:
    """In what two names of one key differ, in words; nothing where they are the same to the letter."""
    return [word for but, word in DIFFERENCES.items() if key(one, but) != key(other, but)]


def why(one: Who, other: Who) -> list[str] | None:
    """May these be one? None: no. Else what differs; an empty list: nothing that they say."""
    if one.kind != other.kind or key(one.name) != key(other.name):
        return None
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        return None
    unsure = [UNKNOWN_BIRTH] if bool(one.birth_date) != bool(other.birth_date) else []
    return differences(one.name, other.name) + unsure
