"""Typst, offline: a template of ours, values as JSON, the vendored typeface and nothing else of the machine."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from documents import typeface

if TYPE_CHECKING:
    import typst

TEMPLATES = Path(__file__).parent / "templates"

# Typst keeps what it computed, a list of 1,780 rows is 80 MB, until this many compilations did not ask for it again
# (comemo's age). Ten such papers would hold 1 GB; ageing at once holds 200 MB and costs a few milliseconds a paper.
GENERATIONS_KEPT = 10

# PDF/A-2a: archivable, every character maps to Unicode, headings and tables are tagged for readers who do not see.
STANDARD: Final = "a-2a"


def compile_pdf(*, template: str, view: Mapping[str, Any], created_at: datetime) -> bytes:
    """The PDF/A-2a bytes of one template with its values; `created_at` is the file's only clock."""
    compiled = _compiler(template, view).compile(
        format="pdf", pdf_standards=[STANDARD], timestamp=int(created_at.timestamp())
    )
    assert isinstance(compiled, bytes)  # a list is what png and svg give
    _forget()
    return compiled


def query(*, template: str, view: Mapping[str, Any], label: str) -> list[dict[str, Any]]:
    """The values of the metadata elements that the template marked with `label`, in document order."""
    answer = _compiler(template, view).query(f"<{label}>", field="value")
    _forget()
    values: list[dict[str, Any]] = json.loads(answer)
    return values


def _forget() -> None:
    blank = _compiler("blank.typ", {})
    for _generation in range(GENERATIONS_KEPT + 2):
        blank.compile(format="pdf")


def _compiler(template: str, view: Mapping[str, Any]) -> "typst.Compiler":
    import typst  # late: 40 MB that no command line needs before a paper is drawn

    # The values travel as one JSON string: whatever they contain, Typst never reads them as markup or code.
    return typst.Compiler(
        input=str(TEMPLATES / template),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"view": json.dumps(view, ensure_ascii=False)},
    )


@cache
def _fonts() -> "typst.Fonts":
    import typst  # late: see _compiler

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(typeface.FOLDER)])
