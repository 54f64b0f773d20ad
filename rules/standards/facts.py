"""One case arranged for asking, and what an answer is, in three-valued logic: not met < unknown < met.

Every question answers three ways: the verdict, the value found, and, where a fact is missing, which fact. All numbers
are integers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rules.case import Case

NOT_MET, UNKNOWN, MET = 0, 1, 2

RATINGS: Mapping[str, int] = {"KHTNV": 0, "HTNV": 1, "HTTNV": 2, "HTXSNV": 3}
SCOPES: Mapping[str, int] = {"base": 0, "province": 1, "force": 1, "nation": 2}
RATING_NAMES: Mapping[str, str] = {
    "HTXSNV": "hoàn thành xuất sắc nhiệm vụ",
    "HTTNV": "hoàn thành tốt nhiệm vụ",
    "HTNV": "hoàn thành nhiệm vụ",
    "KHTNV": "không hoàn thành nhiệm vụ",
}
SPOKEN: Mapping[str, str] = {
    **RATING_NAMES,
    "attested": "đơn vị xác nhận",
    "not_attested": "đơn vị không xác nhận",
    "foreign": "người nước ngoài",
    "LDTT": "Lao động tiên tiến",
    "LDTT_ND": "Lao động tiên tiến",
    "CSTT": "Chiến sĩ tiên tiến",
    "CSTDCS": "Chiến sĩ thi đua cơ sở",
    "CSTD_TINH": "Chiến sĩ thi đua cấp tỉnh",
    "CSTD_TQ": "Chiến sĩ thi đua toàn quốc",
    "TTLDTT": "Tập thể lao động tiên tiến",
    "DVTT": "Đơn vị tiên tiến",
    "TTLDXS": "Tập thể lao động xuất sắc",
    "DVQT": "Đơn vị quyết thắng",
    "CO_TINH": "Cờ thi đua của tỉnh",
    "CO_CP": "Cờ thi đua của Chính phủ",
    "GK_HUYEN": "Giấy khen cấp huyện",
    "GK_XA": "Giấy khen cấp xã",
    "BK_TINH": "Bằng khen của tỉnh",
    "BK_TTG": "Bằng khen của Thủ tướng Chính phủ",
    "HCLD_3": "Huân chương Lao động hạng Ba",
    "KNC_TINH": "Kỷ niệm chương của tỉnh",
    "XA_TB": "Xã, phường, thị trấn tiêu biểu",
    "THON_VH": "Thôn, tổ dân phố văn hóa",
    "GDVH": "Gia đình văn hóa",
    "civil_servant": "cán bộ, công chức",
    "public_employee": "viên chức",
    "worker": "công nhân, người lao động",
    "farmer": "nông dân",
    "armed_forces": "lực lượng vũ trang",
    "entrepreneur": "doanh nhân",
    "intellectual": "trí thức, nhà khoa học",
    "other": "người lao động khác",
    "base": "cơ sở",
    "province": "cấp tỉnh",
    "force": "toàn quân, toàn lực lượng",
    "nation": "toàn quốc",
    "complaint": "khiếu nại",
    "denunciation": "tố cáo",
    "inspection": "thanh tra, kiểm tra",
    "investigation": "điều tra",
    "discipline": "xem xét kỷ luật",
    "khien_trach": "khiển trách",
    "canh_cao": "cảnh cáo",
    "ha_bac_luong": "hạ bậc lương",
    "giang_chuc": "giáng chức",
    "cach_chuc": "cách chức",
    "buoc_thoi_viec": "buộc thôi việc",
    "sa_thai": "sa thải",
}
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
# Titles are kept apart from commendation forms because the case lists them apart.
TITLES = frozenset(
    [
        "LDTT",
        "LDTT_ND",
        "CSTT",
        "CSTDCS",
        "CSTD_TINH",
        "CSTD_TQ",
        "TTLDTT",
        "DVTT",
        "TTLDXS",
        "DVQT",
        "CO_TINH",
        "CO_CP",
        "XA_TB",
        "THON_VH",
        "GDVH",
    ]
)


class Facts:
    """One case, arranged for asking. `parameters` are the standards that the office's regulation names."""

    __slots__ = (
        "attested_not",
        "case",
        "collective",
        "grounds",
        "group",
        "held",
        "parameters",
        "rating",
        "ratings",
        "year",
    )

    def __init__(self, case: Case, *, parameters: Mapping[str, str]) -> None:
        self.case = case
        self.year = case.year
        self.ratings = case.ratings or {}
        self.collective = case.collective
        self.group = case.nominee.worker_group
        self.grounds = case.grounds
        self.attested_not = case.not_attested or ()
        self.parameters = parameters
        rating = self.ratings.get(case.year)
        if rating is None and case.collective is not None:
            rating = case.collective.rating
        self.rating = rating
        held: dict[str, set[int]] = {}
        for listed in (case.titles, case.commendations):
            for one in listed or ():
                if one.year <= case.year:
                    held.setdefault(one.award, set()).add(one.year)
        self.held = held

    def lists(self, award: str) -> bool:
        """Whether the list that would name this award is there at all."""
        return (self.case.titles if award in TITLES else self.case.commendations) is not None

    def rated(self, year: int) -> str | None:
        return self.rating if year == self.year else self.ratings.get(year)


@lru_cache(maxsize=4096)
def spoken(found: str | None) -> str:
    """The value found in words an officer reads: codes replaced by their Vietnamese names."""
    if found is None:
        return "không có"
    return _CODE.sub(lambda code: SPOKEN.get(code[0], code[0]), found)


Check = Callable[[Facts], int]
Found = Callable[[Facts], str | None]
Lacks = Callable[[Facts], str | None]


@dataclass(frozen=True, slots=True)
class Test:
    """A question: `check` its verdict, `found` the value it rests on, `lacks` the fact that would settle it."""

    check: Check
    found: Found
    lacks: Lacks


def joined(texts: Iterable[str | None]) -> str | None:
    """The texts that say something, each once."""
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None
