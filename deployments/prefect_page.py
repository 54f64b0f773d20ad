"""Prefect's own page as the embedded server shows it: its graph draws Vietnamese letters too.

The graph draws names from a picture of ASCII letters and leaves out every other: «Phòng Nội vụ» reads «Phng Ni v». The
copy of the page in the data folder (Prefect makes one for each version) gets the letters; where a later version of the
page looks otherwise, nothing is changed.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

_ASCII = re.compile(r"chars:([\w$]+)\.ASCII\b")
# À … ư and Ạ … ỹ are all letters of Vietnamese (with some of its neighbours); then the marks of our sentences.
_LETTERS = r'chars:[...\1.ASCII,["\\u00c0","\\u01b0"],["\\u1ea0","\\u1ef9"],"\\u2013\\u2026\\u00ab\\u00bb"]'


def create_app() -> "FastAPI":
    """Prefect's server, its page mended."""
    from prefect.server.api.server import create_app
    from prefect.settings import PREFECT_UI_STATIC_DIRECTORY

    app = create_app()
    place = PREFECT_UI_STATIC_DIRECTORY.value()
    if place:
        draw_all_letters(Path(place))
    return app


def draw_all_letters(page: Path) -> None:
    """Give every script below `page` that draws from ASCII letters the Vietnamese ones; once is enough."""
    for script in page.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        if _ASCII.search(text):
            script.write_text(_ASCII.sub(_LETTERS, text), encoding="utf-8")
