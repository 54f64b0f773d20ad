"""Comparing names of people and units as Vietnamese writes them."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")  # huyền, sắc, ngã, hỏi, nặng
_HOUSEHOLD = ("hộ gia đình ", "gia đình ", "hộ ")


@lru_cache(maxsize=65_536)
def spelling(text: str) -> str:
    """A name or unit to compare with its marks: NFC, case and spaces folded, one place for the tone.

    "Hoà" and "Hòa" are one spelling in two fashions, so the tone moves to the end of its syllable. Ð (eth), which
    old keyboards gave for Đ, is Đ.
    """
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text).casefold()).replace("ð", "đ")
    words = []
    for word in folded.replace("’", "'").split():
        letters = "".join(mark for mark in word if mark not in _TONES)
        words.append(unicodedata.normalize("NFC", letters) + "".join(sorted(mark for mark in word if mark in _TONES)))
    return " ".join(words)


_BARE_MIDDLE = frozenset({spelling("Văn"), spelling("Thị"), spelling("A")})


@lru_cache(maxsize=65_536)
def without_marks(text: str) -> str:
    """A name as somebody types it without Vietnamese keys: never enough to know a person by."""
    plain = unicodedata.normalize("NFD", spelling(text)).replace("đ", "d")
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@lru_cache(maxsize=65_536)
def whole(text: str) -> str:
    """The spelling of a full personal name; empty where only a family or a family and middle name was written."""
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    for opening in _HOUSEHOLD:
        if name.casefold().startswith(opening):
            name = name[len(opening) :]
            if name.casefold().startswith(("ông ", "bà ")):
                name = name.split(" ", 1)[1]
            break
    words = spelling(name).split()
    bare = len(words) < 2 or (len(words) == 2 and words[1] in _BARE_MIDDLE)
    return "" if bare else " ".join(words)


_WORD = re.compile(r"[^\W_](?:[^\W_]|['’\u0300-\u036f])*|\S")


def mentioned(text: str, names: Iterable[str]) -> frozenset[str]:
    """Which of these people a text names in full: «Nguyễn Thị Hà» does not stand in «Nguyễn Thị Hà My»."""
    text = unicodedata.normalize("NFC", text)
    folded = text.casefold()
    likely = [
        name for name in names if whole(name) and unicodedata.normalize("NFC", name).casefold().split()[0] in folded
    ]
    if not likely:
        return frozenset()
    words = _WORD.findall(text)
    spelled = [spelling(word) for word in words]
    found = set()
    for name in likely:
        wanted = whole(name).split()
        for start in range(len(words) - len(wanted) + 1):
            end = start + len(wanted)
            if spelled[start:end] == wanted and not (end < len(words) and words[end][0].isupper()):
                found.add(name)
    return frozenset(found)


def fold(text: str) -> str:
    """The search key of a name, stored as `name_key`: lower case, single spaces, without marks."""
    plain = unicodedata.normalize("NFD", " ".join(text.split()).casefold().replace("đ", "d"))
    return "".join(char for char in plain if not unicodedata.combining(char))


_TONE_PLACES = {
    unicodedata.normalize("NFC", pair + mark): unicodedata.normalize("NFC", pair[0] + mark + pair[1])
    for pair in ("oa", "oe", "uy")
    for mark in "\u0300\u0301\u0303\u0309\u0323"
}
_TONE_PLACE = re.compile("|".join(_TONE_PLACES))


def spellings(word: str) -> tuple[str, ...]:
    """The word in both schools of tone placement, and with y or i where that is its whole vowel, in NFC: hòa, hoà; lý, lí."""
    return tuple(dict.fromkeys(one for said in (word, _y_or_i(word)) for one in _placements(said)))


_WHOLE_Y = re.compile(r"((?:^|[^aăâeêioôơuưy]|qu))([yýỳỷỹỵ]|[iíìỉĩị])$")
_SWAPPED = str.maketrans("yýỳỷỹỵiíìỉĩị", "iíìỉĩịyýỳỷỹỵ")


def _y_or_i(word: str) -> str:
    """The word with i for y or y for i where nothing else of the syllable is a vowel: Lý, Lí; quý, quí."""
    known = unicodedata.normalize("NFC", word)
    return _WHOLE_Y.sub(lambda found: found[1] + found[2].translate(_SWAPPED), known)


def _placements(word: str) -> tuple[str, ...]:
    """The word in both schools of tone placement."""
    known = unicodedata.normalize("NFC", word)
    new = _TONE_PLACE.sub(lambda found: _TONE_PLACES[found[0]], known)
    old = known
    for one, other in _TONE_PLACES.items():
        old = old.replace(other, one)
    return tuple(dict.fromkeys((known, new, old)))
