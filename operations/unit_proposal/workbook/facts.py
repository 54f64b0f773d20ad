"""What the columns «Dữ kiện» and «Căn cứ đề nghị» say: facts that the law asks for, in words an officer writes.

    Tháng công tác: 12; Xếp loại 2023: HTTNV; Danh hiệu: CSTDCS 2023, CSTDCS 2022; Sáng kiến: 2024 cơ sở
    Số người: 20; Số LĐTT: 15; Số hoàn thành: 20; Số CSTĐCS: 1; Kỷ luật từ cảnh cáo: 0

The answer has the keys of a case (`rules.case`); anything not understood raises ValueError with a sentence.
"""

import re
from collections.abc import Mapping
from typing import Any

from operations.unit_proposal.workbook.heads import RATING_WORDS, fold
from rules.vocabulary import DisciplineForm, Scope


def _folded(words: dict[str, str]) -> dict[str, str]:
    return {fold(word): key for word, key in words.items()}


_COUNTED = {
    "Số người": "members",
    "Số LĐTT": "ldtt",
    "Số hoàn thành": "completed",
    "Số CSTĐCS": "cstdcs",
    "Kỷ luật từ cảnh cáo": "disciplined_from_canh_cao",
    "Thành lập": "founded",
}
_COUNTS = _folded(_COUNTED)
_HELD = _folded({"danh hiệu": "titles", "khen thưởng": "commendations"})
_MERITS = _folded({"sáng kiến": "initiatives", "đề tài": "research"})
_SCOPE_WORDS: dict[str, str] = {Scope.BASE: "cơ sở", Scope.PROVINCE: "tỉnh", Scope.NATION: "toàn quốc"}
_SCOPES = _folded({word: str(scope) for scope, word in _SCOPE_WORDS.items()})
_FORM_WORDS: dict[str, str] = {form: form.word for form in DisciplineForm}
_FORMS = _folded({word: str(form) for form, word in _FORM_WORDS.items()})
_RATINGS = {fold(word): rating for rating, word in RATING_WORDS.items()} | {fold(r): r for r in RATING_WORDS}
_RATED = re.compile(rf"^{fold('xếp loại')} (\d{{4}})$")
_AWARD_YEAR = re.compile(r"^([A-Z_0-9]+)\s+(\d{4})$")
_PROVISION = re.compile(r"^(\d{1,3})(?:\.(\d{1,2}))?(?:\.([a-zđ]))?$")
HOW = "Viết theo mẫu «Tháng công tác: 12; Xếp loại 2023: HTTNV; Danh hiệu: CSTDCS 2023»"


def parse(text: str) -> dict[str, Any]:
    """Facts by key of a case; what an officer left out is left out. Raises ValueError saying what to write."""
    found: dict[str, Any] = {}
    for piece in re.split(r"[;\n]", text):
        if not piece.strip():
            continue
        name, colon, value = piece.partition(":")
        if not colon or not value.strip():
            raise ValueError(f"Không hiểu «{piece.strip()}». {HOW}.")
        _read(found, fold(name), value.strip(), piece.strip())
    return found


_COUNT_WORDS = {key: word for word, key in _COUNTED.items()}


def write(found: Mapping[str, Any]) -> str | None:
    """The same facts in an officer's words, without the grounds, which have a column of their own.

    None where these words cannot say everything: `parse` reads back exactly what was written, or there is no text.
    """
    said = [f"Tháng công tác: {found['employed_months']}"] if "employed_months" in found else []
    try:
        said += [f"Xếp loại {year}: {rating}" for year, rating in found.get("ratings", {}).items()]
        for key, word in (("titles", "Danh hiệu"), ("commendations", "Khen thưởng")):
            said += [f"{word}: {one['award']} {one['year']}" for one in found.get(key, [])]
        for key, word in (("initiatives", "Sáng kiến"), ("research", "Đề tài")):
            said += [f"{word}: {one['year']} {_SCOPE_WORDS[one['scope']]}" for one in found.get(key, [])]
        said += [f"{_COUNT_WORDS[key]}: {n}" for key, n in found.get("collective", {}).items()]
        said += [f"Kỷ luật: {_FORM_WORDS[one['form']]} {one['year']}" for one in found.get("disciplines", [])]
        if "not_attested" in found:
            said.append(f"Không chứng thực: {', '.join(found['not_attested'])}")
        if "simplified_ground" in found:
            said.append(f"Thủ tục đơn giản: {found['simplified_ground']}")
        text = "; ".join(f"{one[0].upper()}{one[1:]}" for one in said)
        read_back = parse(text)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return text if read_back == {key: value for key, value in found.items() if key != "grounds"} else None


def _read(found: dict[str, Any], name: str, value: str, piece: str) -> None:
    rated = _RATED.match(name)
    if name == fold("tháng công tác"):
        found["employed_months"] = _count(value, piece)
    elif rated:
        rating = _RATINGS.get(fold(value))
        if rating is None:
            raise ValueError(f"Xếp loại trong «{piece}» phải là một trong: {', '.join(RATING_WORDS)}.")
        found.setdefault("ratings", {})[rated[1]] = rating
    elif name in _HELD:
        found.setdefault(_HELD[name], []).extend(_held(one, piece) for one in _listed(value))
    elif name in _MERITS:
        found.setdefault(_MERITS[name], []).extend(_merit(one, piece) for one in _listed(value))
    elif name in _COUNTS:
        found.setdefault("collective", {})[_COUNTS[name]] = _count(value, piece)
    elif name == fold("kỷ luật"):
        found.setdefault("disciplines", []).extend(_discipline(one, piece) for one in _listed(value))
    elif name == fold("không chứng thực"):
        found["not_attested"] = provisions(value)
    elif name == fold("thủ tục đơn giản"):
        found["simplified_ground"] = provisions(value)[0]
    else:
        raise ValueError(f"Không có mục «{piece.partition(':')[0].strip()}». {HOW}.")


def _listed(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _count(value: str, piece: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 6:
        raise ValueError(f"Trong «{piece}» phải là một số.")
    return int(value)


def _held(one: str, piece: str) -> dict[str, Any]:
    award = _AWARD_YEAR.match(one.upper().replace("Đ", "D"))
    if award is None:
        raise ValueError(f"Trong «{piece}», viết mã danh hiệu và năm, ví dụ CSTDCS 2023.")
    return {"award": award[1], "year": int(award[2])}


def _merit(one: str, piece: str) -> dict[str, Any]:
    year, _, scope = one.partition(" ")
    known = _SCOPES.get(fold(scope))
    if not (year.isdigit() and len(year) == 4 and known):
        raise ValueError(f"Trong «{piece}», viết năm và phạm vi, ví dụ 2024 cơ sở (hoặc tỉnh, toàn quốc).")
    return {"year": int(year), "scope": known}


def _discipline(one: str, piece: str) -> dict[str, Any]:
    form, _, year = one.rpartition(" ")
    known = _FORMS.get(fold(form))
    if not (known and year.isdigit() and len(year) == 4):
        raise ValueError(f"Trong «{piece}», viết hình thức và năm, ví dụ khiển trách 2024.")
    return {"year": int(year), "form": known}


def provisions(text: str) -> list[str]:
    """Provisions of the Law as `74.1.a`, in order. Raises ValueError for anything else."""
    found = [one.strip().lower() for one in re.split(r"[;,\n]", text) if one.strip()]
    for one in found:
        if not _PROVISION.match(one):
            raise ValueError(f"«{one}» không phải điều khoản; viết điều.khoản.điểm, ví dụ 74.1.a.")
    return found
