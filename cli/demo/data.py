"""The demo's data: synthetic nominations of real size, drawn from a seed, and their workbooks."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from operations.unit_proposal.intake import PART_NAMES
from operations.unit_proposal.workbook import heads, writing
from operations.upkeep import sample
from rules import catalogue
from rules.vocabulary import Authority, NomineeKind, Route

# (award, kind): how many. What UBND huyện Phong Thổ published for 2024; eight giấy khen come by the second round.
DISTRICT: dict[tuple[str, str], int] = {
    ("LDTT", "individual"): 1780,
    ("CSTDCS", "individual"): 288,
    ("TTLDTT", "collective"): 88,
    ("GK_HUYEN", "individual"): 253,
    ("GK_HUYEN", "household"): 153,
    ("CSTD_TINH", "individual"): 7,
    ("TTLDXS", "collective"): 16,
    ("CO_TINH", "collective"): 1,
    ("BK_TINH", "individual"): 89,
    ("BK_TINH", "collective"): 7,
    ("BK_TTG", "individual"): 7,
}
# Every award and every turn of the story.
SMALL: dict[tuple[str, str], int] = {
    ("LDTT", "individual"): 18,
    ("LDTT_ND", "individual"): 2,
    ("CSTT", "individual"): 1,
    ("CSTDCS", "individual"): 6,
    ("CSTD_TINH", "individual"): 2,
    ("CSTD_TQ", "individual"): 1,
    ("TTLDTT", "collective"): 3,
    ("DVTT", "collective"): 1,
    ("TTLDXS", "collective"): 2,
    ("DVQT", "collective"): 1,
    ("CO_TINH", "collective"): 1,
    ("CO_CP", "collective"): 1,
    ("XA_TB", "collective"): 1,
    ("THON_VH", "collective"): 2,
    ("GDVH", "household"): 1,
    ("GK_HUYEN", "individual"): 6,
    ("GK_HUYEN", "household"): 3,
    ("GK_XA", "individual"): 1,
    ("BK_TINH", "individual"): 3,
    ("BK_TINH", "collective"): 1,
    ("BK_TTG", "individual"): 1,
    ("HCLD_3", "individual"): 1,
    ("KNC_TINH", "individual"): 1,
}
SUDDEN = {"district": 8, "small": 2, "province": 8}


def plan(scale: str) -> dict[tuple[str, str], int]:
    if scale == "district":
        return DISTRICT
    if scale == "small":
        return SMALL
    factor, total = 50_000 / sum(DISTRICT.values()), 50_000
    grown = {key: int(count * factor) for key, count in DISTRICT.items()}
    grown["LDTT", "individual"] += total - sum(grown.values())
    return grown


@dataclass(frozen=True, slots=True)
class Wanted:
    """One nomination of the story."""

    number: int
    unit: str
    award: str
    kind: str
    row: dict[str, str | date | None]
    mistaken: bool
    sudden: bool


YEAR = 2024
_RATINGS = {"LDTT": "HTTNV", "TTLDTT": "HTTNV"}
_SERVED = "Tháng công tác: 12"
_CHAIN = f"{_SERVED}; Danh hiệu: CSTDCS 2024, CSTDCS 2023, CSTDCS 2022; Sáng kiến: 2024 tỉnh"
_PEOPLE = "Số người: 20; Số LĐTT: 15; Số hoàn thành: 20; Số CSTĐCS: 2; Kỷ luật từ cảnh cáo: 0; Thành lập: 2010"
_FACTS = {
    "CSTD_TINH": _CHAIN,
    "CSTD_TQ": f"{_SERVED}; Danh hiệu: CSTD_TINH 2024, CSTD_TINH 2021; Sáng kiến: 2024 toàn quốc",
    "HCLD_3": f"{_SERVED}; Khen thưởng: BK_TTG 2018; "
    + "".join(f"Xếp loại {year}: HTTNV; " for year in range(2019, 2024))
    + "Danh hiệu: CSTDCS 2023, CSTDCS 2022, CSTDCS 2021",
    "TTLDTT": _PEOPLE,
    "TTLDXS": _PEOPLE,
    "DVTT": _PEOPLE,
    "DVQT": _PEOPLE,
}
_GROUNDS = {
    ("CO_TINH", "collective"): "26.1",
    ("CO_CP", "collective"): "25.1",
    ("XA_TB", "collective"): "29.1",
    ("BK_TINH", "individual"): "74.1.a",
    ("BK_TINH", "collective"): "74.3.a",
    ("BK_TTG", "individual"): "73.1.a",
}
_FIELDS = ("Giáo dục", "Y tế", "Nông nghiệp", "Quản lý nhà nước", "An sinh xã hội", "Hạ tầng")
_DEEDS = (
    "Hoàn thành xuất sắc nhiệm vụ năm 2024, có sáng kiến áp dụng tại đơn vị",
    "Có nhiều đóng góp trong phong trào xóa nhà tạm, nhà dột nát năm 2024",
    "Đi đầu trong phong trào xây dựng nông thôn mới năm 2024",
    "Vận động nhân dân hiến đất làm đường liên bản năm 2024",
    "Tổ chức tốt việc dạy và học ở điểm trường vùng biên giới năm 2024",
    "Có mô hình sản xuất hiệu quả, giúp đỡ hộ nghèo trong bản năm 2024",
)
_SUDDEN_DEED = "Dũng cảm cứu người trong đợt mưa lũ tháng 9 năm 2024"
_GROUPS = ("Tổ", "Khoa", "Ban", "Đội", "Chi hội", "Điểm trường")


def draw(scale: str, seed: int) -> list[Wanted]:
    """Every nomination of the story: the same seed draws the same people. A fifth, rounded down, has a mistake."""
    chance = random.Random(f"{scale}/{seed}")
    units = [code for code, _, _ in sample.proposing_units()]
    people = _People(chance)
    told: list[tuple[str, str, str, dict[str, str | date | None]]] = []
    workers: list[tuple[str, sample.Person, str]] = []
    sudden_left = SUDDEN[scale]
    for (award, kind), count in plan(scale).items():
        for number in range(count):
            unit = chance.choice(units)
            if kind == NomineeKind.INDIVIDUAL and award in {"CSTDCS", "CSTD_TINH", "CSTD_TQ"} and len(workers) > number:
                unit, person, place = workers[number]  # who is proposed for the higher title is proposed for LĐTT too
            elif kind == NomineeKind.INDIVIDUAL:
                person, place = people.draw(), f"{chance.choice(_GROUPS)} {chance.randint(1, 12)}"
                if award == "LDTT":
                    workers.append((unit, person, place))
            told.append((unit, award, kind, _row(chance, award, kind, number, person if kind == NomineeKind.INDIVIDUAL else people.draw(), place if kind == NomineeKind.INDIVIDUAL else "")))  # fmt: skip
    # A dossier that this level may not handle at all is never returned: the mistakes fall on the others.
    pack = catalogue.packs()[0]
    mendable = [n for n, one in enumerate(told) if catalogue.authority(pack, one[1], "district").role != Authority.NONE]
    wrong = set(chance.sample(mendable, len(told) // 5))
    wanted = []
    for number, (unit, award, kind, row) in enumerate(told):
        sudden = award == "GK_HUYEN" and kind == NomineeKind.INDIVIDUAL and sudden_left > 0
        if sudden:
            sudden_left -= 1
            row["Thành tích"] = _SUDDEN_DEED
        if number in wrong:
            row[heads.ATTACHMENTS] = _incomplete(award, kind, sudden=sudden)
        wanted.append(Wanted(number, unit, award, kind, row, number in wrong, sudden))
    return wanted


class _People:
    """People that nobody mistakes for one another: no name and birth date twice."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._seen: set[tuple[str, date]] = set()

    def draw(self) -> sample.Person:
        while True:
            person = sample.person(self._chance)
            if (person.name, person.birth_date) not in self._seen:
                self._seen.add((person.name, person.birth_date))
                return person


def _row(
    chance: random.Random, award: str, kind: str, number: int, person: sample.Person, place: str
) -> dict[str, str | date | None]:
    row: dict[str, str | date | None] = {
        heads.AWARD: catalogue.packs()[0].awards[award].name,
        heads.KIND: heads.KIND_WORDS[kind],
        "Thành tích": chance.choice(_DEEDS),
        "Lĩnh vực hoạt động": chance.choice(_FIELDS),
        heads.RATING: heads.RATING_WORDS["HTTNV" if award in _RATINGS and chance.random() < 0.8 else "HTXSNV"],
    }
    row[heads.FACTS] = _FACTS.get(award, _SERVED if kind == NomineeKind.INDIVIDUAL else None)
    row[heads.GROUNDS] = _GROUNDS.get((award, kind))
    if kind == NomineeKind.INDIVIDUAL:
        row |= {
            "Tên gọi (Ông/Bà/Chức danh)": "Bà" if person.gender == "Nữ" else "Ông",
            heads.NAME: person.name,
            "Chức vụ": chance.choice(("Giáo viên", "Công chức", "Nhân viên y tế", "Chuyên viên", "Trưởng bản")),
            "Đơn vị công tác": place,
            "Phân loại đối tượng": _object_class(award),
            heads.GENDER: person.gender,
            "Dân tộc": person.ethnicity,
            heads.BIRTH_DATE: person.birth_date,
            heads.EMAIL: f"nn{chance.randrange(10**8):08d}@{sample.DOMAIN}" if chance.random() < 0.8 else None,
        }
    elif kind == NomineeKind.HOUSEHOLD:
        row |= {
            heads.NAME: f"Hộ ông/bà {person.name}",
            "Đơn vị công tác": f"Bản {chance.randint(1, 9)} – hộ {number + 1}",
        }
    else:
        row |= {heads.NAME: f"{chance.choice(_GROUPS)} {number + 1} {chance.choice(_FIELDS)}"}
    return row


def _object_class(award: str) -> str:
    return {"LDTT_ND": "Nông dân", "CSTT": "Lực lượng vũ trang"}.get(award, "Công chức")


def _incomplete(award: str, kind: str, *, sudden: bool) -> str:
    """A dossier list in which one paper is missing."""
    found = catalogue.packs()[0].awards[award]
    parts = catalogue.dossier_parts(found, kind=kind, route=Route.SIMPLIFIED if sudden else Route.FULL)
    return "; ".join(PART_NAMES[part.id] for part in parts[:-1])


_RELIED_ON = frozenset({"initiative", "research", "special_achievement", "contribution"})


def whole(award: str, kind: str, route: str) -> tuple[str, ...]:
    """Every part that this dossier must hold."""
    found = catalogue.packs()[0].awards[award]
    return tuple(
        part.id
        for part in catalogue.dossier_parts(
            found, kind=kind, route=Route.SIMPLIFIED if route == Route.SIMPLIFIED else Route.FULL, relies_on=_RELIED_ON
        )
    )


def workbooks(folder: Path, wanted: list[Wanted], *, sudden: bool) -> Iterator[tuple[str, Path]]:
    """(unit, workbook) for each unit that proposes in this round, written when not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    by_unit: dict[str, list[Wanted]] = {}
    for one in wanted:
        if one.sudden is sudden:
            by_unit.setdefault(one.unit, []).append(one)
    for unit, rows in sorted(by_unit.items()):
        for part in range(0, len(rows), 15_000):
            path = folder / f"{'dot-xuat' if sudden else 'nam-2024'}-{unit}-{part // 15_000 + 1}.xlsx"
            if not path.exists():
                draft = path.with_suffix(".tmp.xlsx")
                writing.write(draft, [one.row for one in rows[part : part + 15_000]])
                draft.replace(path)
            yield unit, path
