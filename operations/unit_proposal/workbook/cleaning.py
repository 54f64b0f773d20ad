"""Cell text as people meant it: NFC, plain spaces, nothing invisible; and what had to be done for that."""

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """Text after cleaning. `controls`: it holds characters that no cleaning may guess about."""

    text: str
    normalised: bool = False
    invisible: bool = False
    controls: bool = False


# Format characters (zero-width space and joiners, BOM, soft hyphen, direction controls) and the blank letters of
# other scripts that pass for nothing: two names that look alike must be alike.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_OTHER_SPACES = re.compile("[\t\n\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
# Controls, private use, surrogates, non-characters, and the mark that a program left for a character it lost.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffd-\uffff\U000f0000-\U0010ffff]"
)


def clean(text: str, *, keep_lines: bool = False) -> Cleaned:
    """Answer the cleaned text. `keep_lines` keeps line breaks (long texts); elsewhere they become spaces."""
    if text.isascii() and text.isprintable():
        return Cleaned(text=" ".join(text.split()))
    visible = _INVISIBLE.sub("", text)
    composed = unicodedata.normalize("NFC", visible)
    lines = re.split("\r\n|\r|\n", composed) if keep_lines else [composed]
    folded = "\n".join(" ".join(line.split()) for line in lines).strip()
    return Cleaned(
        text=folded,
        invisible=visible != text,
        normalised=composed != visible or any(_OTHER_SPACES.search(line) for line in lines),
        controls=_CONTROLS.search(composed) is not None,
    )
