"""The columns of an intake workbook and the words its cells may hold, for reader and writer alike."""

import re
from dataclasses import dataclass
from functools import lru_cache

from operations.unit_proposal.workbook import cleaning
from rules import names
from rules.vocabulary import NomineeKind, Rating


@dataclass(frozen=True, kw_only=True)
class Head:
    """One column: its head as provincial offices write it, the field it fills, the longest text it takes."""

    name: str
    field: str
    limit: int
    width: int
    required: bool = False


NUMBER = "STT"
NAME = "Tên tập thể/cá nhân/hộ gia đình"
KIND = "Phân loại khen thưởng"
AWARD = "Danh hiệu thi đua/Hình thức khen thưởng"
RATING = "Xếp loại"
GENDER = "Giới tính"
BIRTH_DATE = "Ngày sinh"
ANOTHER, ANOTHER_WORD = "Trùng tên", "Người khác"
EMAIL = "Thư điện tử"
ATTACHMENTS = "Hồ sơ kèm theo"
GROUNDS = "Căn cứ đề nghị"
FACTS = "Dữ kiện"

HEADS = (
    Head(name=NUMBER, field="", limit=0, width=6),
    Head(name="Tên gọi (Ông/Bà/Chức danh)", field="honorific", limit=200, width=14),
    Head(name=NAME, field="name", limit=200, width=34, required=True),
    Head(name="Chức vụ", field="title", limit=500, width=22),
    Head(name="Đơn vị công tác", field="workplace", limit=500, width=34),
    Head(name=KIND, field="kind", limit=200, width=24, required=True),
    Head(name=AWARD, field="award", limit=500, width=38, required=True),
    Head(name="Phân loại đối tượng", field="object_class", limit=500, width=22),
    Head(name="Lĩnh vực hoạt động", field="field", limit=500, width=22),
    Head(name="Thành tích", field="achievement", limit=2000, width=50),
    Head(name=RATING, field="rating", limit=200, width=28),
    Head(name="Sáng kiến", field="initiative", limit=2000, width=34),
    Head(name=GENDER, field="gender", limit=200, width=10),
    Head(name="Dân tộc", field="ethnicity", limit=200, width=12),
    Head(name=BIRTH_DATE, field="birth_date", limit=200, width=13),
    Head(name=ANOTHER, field="another", limit=200, width=14),
    Head(name="Số quyết định trước", field="prior_decision", limit=500, width=24),
    Head(name=EMAIL, field="email", limit=254, width=28),
    Head(name=ATTACHMENTS, field="attachments", limit=2000, width=40),
    Head(name=GROUNDS, field="grounds", limit=500, width=18),
    Head(name=FACTS, field="facts", limit=2000, width=50),
)
REQUIRED = tuple(head.name for head in HEADS if head.required)

KIND_NAMES: dict[str, str] = {kind: kind.word for kind in NomineeKind}
KIND_WORDS: dict[str, str] = {kind: f"Khen thưởng {kind.word}" for kind in NomineeKind}
RATING_WORDS: dict[str, str] = {rating: f"{rating.word[0].upper()}{rating.word[1:]}" for rating in Rating}
GENDER_WORDS = ("Nam", "Nữ")


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """A head, award or word to compare: cleaned, in the spelling of `names`, a slash without spaces around it."""
    return re.sub(r"\s*/\s*", "/", names.spelling(cleaning.clean(text).text))
