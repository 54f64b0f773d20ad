"""Two languages: Vietnamese is what the pages are written in, English comes from one catalogue.

A sentence is its own key. What operations say (refusals, findings, letters) is Vietnamese law's language and stays so; of a
refusal an English page says the gist as well, by its code.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from fastapi import Request

VIETNAMESE, ENGLISH = "vi", "en"
COOKIE = "vinhdanh_language"
CATALOGUE = Path(__file__).parent / "translations" / "en.po"
GISTS = CATALOGUE.with_name("refusals.en.po")


def of(request: Request) -> str:
    """The browser's choice by the switch in the page's head; Vietnamese by default."""
    return ENGLISH if request.cookies.get(COOKIE) == ENGLISH else VIETNAMESE


@cache
def english() -> dict[str, str]:
    """Sentence → English, from the catalogue."""
    return _read(CATALOGUE)


@cache
def gists() -> dict[str, str]:
    """A refusal's code → what it comes to, in English."""
    return _read(GISTS)


def _read(catalogue: Path) -> dict[str, str]:
    with catalogue.open("rb") as stream:
        return {str(message.id): str(message.string) for message in read_po(stream) if message.id and message.string}


def says(chosen: str) -> Callable[[str], str]:
    """`_` for one language: a sentence that the catalogue lacks stays Vietnamese (a test finds it)."""
    if chosen == ENGLISH:
        known = english()
        return lambda sentence: known.get(sentence, sentence)
    return str


def words(sentence: str) -> str:
    """Marks a sentence in Python that a page shows through `_`, so that the catalogue's extractor finds it."""
    return sentence
