"""The two 8-bit encodings of Vietnamese that old office files still use: TCVN3 (ABC) and VNI.

Such text is stored as Latin-1 characters that only the right font shows as Vietnamese, so "NguyÔn" in .VnTime is
"Nguyễn" and "Nguyeãn" in VNI-Times too. Sources: TCVN 5712:1993 (VN3) for TCVN3; VNI's own table for Windows.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Encoding = Literal["tcvn3", "vni"]
_ENCODINGS: tuple[Encoding, ...] = ("tcvn3", "vni")

# TCVN 5712:1993 VN3, codes 0xA1-0xFE. It has no capitals with tone marks: fonts ending in H show small letters as
# capitals instead.
# Written as (first code, letters of consecutive codes).
_TCVN3_RUNS = (
    (0xA1, "ĂÂÊÔƠƯĐăâêôơưđ"),
    (0xB5, "àảãáạ"),
    (0xBB, "ằẳẵắ"),
    (0xC6, "ặầẩẫấậè"),
    (0xCE, "ẻẽéẹềểễếệìỉ"),
    (0xDC, "ĩíịò"),
    (0xE1, "ỏõóọồổỗốộờởỡớợù"),
    (0xF1, "ủũúụừửữứựỳỷỹýỵ"),
)
# Some programs replace the micro sign by the Greek letter it looks like.
TCVN3: dict[str, str] = {
    **{chr(code): letter for first, letters in _TCVN3_RUNS for code, letter in enumerate(letters, start=first)},
    "\u03bc": "à",
}

_NOT_IN_TCVN3 = re.compile("[ÀÁÂÃÍÙÚà]")  # Unicode letters on codes that TCVN3 leaves empty

# VNI writes a letter as its base followed by one mark; ơ, ư, đ, ỵ and the i with tones have a code of their own.
_VNI_TONES = {"ø": "\u0300", "ù": "\u0301", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_VNI_HAT = {"â": "", "à": "\u0300", "á": "\u0301", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_VNI_BREVE = {"ê": "", "è": "\u0300", "é": "\u0301", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_VNI_SINGLE = {"ô": "ơ", "ö": "ư", "ñ": "đ", "î": "ỵ", "ì": "ì", "í": "í", "æ": "ỉ", "ó": "ĩ", "ò": "ị"}


def _vni_table() -> dict[str, str]:
    small = dict(_VNI_SINGLE)
    for mark, tone in _VNI_TONES.items():
        small |= {base + mark: base + tone for base in "aeouy" if (base, mark) != ("y", "ï")}
        small |= {"ô" + mark: "ơ" + tone, "ö" + mark: "ư" + tone}
    small |= {base + mark: base + "\u0302" + tone for base in "aeo" for mark, tone in _VNI_HAT.items()}
    small |= {"a" + mark: "a\u0306" + tone for mark, tone in _VNI_BREVE.items()}
    table = {}
    for written, letter in small.items():
        letters = unicodedata.normalize("NFC", letter)
        table[written] = letters
        # The mark after a capital is itself written as a capital or small, as the keyboard driver pleased.
        table[written[0].upper() + written[1:]] = letters.upper()
        table[written.upper()] = letters.upper()
    return table


VNI: dict[str, str] = _vni_table()
_VNI_WRITTEN = re.compile("|".join(re.escape(written) for written in sorted(VNI, key=len, reverse=True)))

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_ONSET = "(?:b|ch|c|d|đ|gh|gi|g|h|kh|k|l|m|ngh|ng|nh|n|ph|p|qu|q|r|s|th|tr|t|v|x)?"
_OPEN = (
    "a|e|ê|i|o|ô|ơ|u|ư|y|ai|ay|ao|au|âu|ây|eo|êu|ia|iu|oi|ôi|ơi|ui|ưi|ưu|ưa|ua|uê|uy|uơ|oa|oe|iêu|yêu|uôi|ươi|ươu|"
    "oai|oay|oao|oeo|uây|uyu|uya|uai|uay|uao|ya"
)
_VOWEL = "iê|yê|uô|ươ|oa|oă|oe|oo|uâ|uê|uy|uyê|ua|uă|a|ă|â|e|ê|i|o|ô|ơ|u|ư|y"
_SYLLABLE = re.compile(f"{_ONSET}(?:{_OPEN}|(?:{_VOWEL})(?:m|n|ng|nh)|(?P<stop>(?:{_VOWEL})(?:c|ch|p|t)))")
_WORD = re.compile(r"[^\s\d.,;:!?()\[\]{}/\"'’“”\-–]+")
_BEYOND_LATIN_1 = re.compile("[\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9]")
_COMBINING = re.compile("[\u0300-\u036f]")
_HIGH = re.compile("[\u00a1-\u00ff\u03bc]")
_SIGNS = re.compile("[\u00a1-\u00ac\u00ae-\u00be\u00d7\u03bc]")  # never part of a word in any living orthography


def convert(text: str, *, encoding: Encoding, capitals: bool = False) -> str:
    """The Unicode (NFC) of legacy text; `capitals` for the TCVN3 fonts that end in H."""
    if encoding == "vni":
        return _VNI_WRITTEN.sub(lambda found: VNI[found[0]], text)
    converted = "".join(TCVN3.get(letter, letter) for letter in text)
    return converted.upper() if capitals else _WORD.sub(_capitals_of_word, converted)


def _capitals_of_word(found: re.Match[str]) -> str:
    """A word typed in capitals: TCVN3 kept its toned vowels small ("NGUYễN"). One capital alone is a name's first."""
    word = found[0]
    plain = [letter for letter in word if letter.upper() in "ABCDEFGHIJKLMNOPQRSTUVWXYZĂÂÊÔƠƯĐ"]
    small = [letter for letter in plain if letter.islower()]
    return word.upper() if not small and sum(letter.isupper() for letter in plain) >= 2 else word


def encoding_of_font(font: str) -> tuple[Encoding, bool] | None:
    """(encoding, shows capitals) of a font's name, None for any other font."""
    name = font.casefold()
    if name.startswith(".vn"):
        return "tcvn3", name.endswith("h")
    return ("vni", False) if name.startswith("vni") else None


def decode(segments: list[tuple[str, str]]) -> str | None:
    """The Unicode of a cell's runs [(text, font)], or None where the text is not in a legacy encoding.

    A font says the encoding; where none does, the text itself must leave no doubt. Text that already has letters
    which neither encoding can hold (ơ, ạ …) is Unicode whatever its font: people paste into old cells.
    """
    whole = "".join(text for text, _ in segments)
    if not _HIGH.search(whole) or _BEYOND_LATIN_1.search(whole) or _COMBINING.search(whole):
        return None
    if not any(encoding_of_font(font) for _, font in segments):
        return _decode_unmistakable(whole)
    converted = ""
    for text, font in segments:
        known = encoding_of_font(font)
        if known and known[0] == "tcvn3" and _NOT_IN_TCVN3.search(text):
            return None
        converted += convert(text, encoding=known[0], capitals=known[1]) if known else text
    if converted == whole or _syllables(converted) < _syllables(whole):
        return None
    return converted


def _decode_unmistakable(text: str) -> str | None:
    """Convert only if one encoding turns every touched word into Vietnamese, and what stood there was no word at all."""
    found: list[str] = []
    for encoding in _ENCODINGS:
        if encoding == "tcvn3" and _NOT_IN_TCVN3.search(text):
            continue
        words = [(before, convert(before, encoding=encoding)) for before in _WORD.findall(text)]
        touched = [(before, after) for before, after in words if before != after]
        if not touched or not all(_is_syllable(after) for _, after in touched):
            continue
        proof = [before for before, _ in touched if not _is_syllable(before)]
        signs = any(_SIGNS.search(before) and re.search("[A-Za-z]", before) for before in proof)
        if len(proof) >= 2 or signs:
            found.append(convert(text, encoding=encoding))
    return found[0] if len(found) == 1 else None


def _syllables(text: str) -> int:
    return sum(_is_syllable(word) for word in _WORD.findall(text))


@lru_cache(maxsize=4096)
def _is_syllable(word: str) -> bool:
    """Whether this is a possible Vietnamese syllable in Unicode: onset, rhyme, one tone, stops only with sắc or nặng."""
    apart = unicodedata.normalize("NFD", word.casefold())
    tones = [mark for mark in apart if mark in _TONES]
    found = _SYLLABLE.fullmatch(unicodedata.normalize("NFC", "".join(mark for mark in apart if mark not in _TONES)))
    if found is None or len(tones) > 1:
        return False
    return found["stop"] is None or tones in (["\u0301"], ["\u0323"])
