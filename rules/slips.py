"""Is it a slip of the pen, or somebody else? What may be corrected in a name and a birth date without a new review.

A slip leaves who it is: marks, spacing, capitals, y for i, and one wrong letter in one or two of the words; of a birth date
one of day, month, year, or day and month exchanged. Letters of the name and the birth date are not both wrong at once.
"""

from datetime import date

from rules import names, way_back
from rules.lifecycle import State
from rules.refusal import Refusal

_MOST = 2  # wrong letters of a whole name


def require_same_person(*, name: tuple[str, str], born: tuple[date | None, date | None], state: State) -> None:
    """Raise Refusal `another_person` unless the second of each is a slip of the first mended."""
    letters = _wrong_letters(*name)
    dated = born[0] is not None and born[0] != born[1]
    if letters > _MOST or (dated and not _one_slip(born[0], born[1])) or (dated and letters):
        raise another_person(name[1], state)


def another_person(name: str, state: State) -> Refusal:
    """The refusal of a correction that would make the nomination somebody else's."""
    return Refusal(
        "another_person",
        f"Đính chính chỉ chữa chỗ viết sai, không đổi người được đề nghị; «{name}» với ngày sinh này có thể là người khác "
        f"(Điều 84 Luật 06/2022/QH15). Nếu hồ sơ đề nghị nhầm người: {way_back.to_name_another(state)}",
    )


def _wrong_letters(before: str, after: str) -> int:
    """How many letters are wrong, marks and y for i aside; more than may be where a whole word is another."""
    said, wanted = (names.without_marks(text).replace("y", "i").split() for text in (before, after))
    if "".join(said) == "".join(wanted):
        return 0
    if len(said) != len(wanted):
        return _MOST + 1
    found = [_distance(one, other) for one, other in zip(said, wanted, strict=True)]
    return _MOST + 1 if any(wrong > 1 for wrong in found) else sum(found)


def _distance(one: str, other: str) -> int:
    """0, 1, or 2 for everything more: letters left out, added, changed, or two neighbours exchanged."""
    if one == other:
        return 0
    if len(one) == len(other):
        differ = [place for place in range(len(one)) if one[place] != other[place]]
        exchanged = (
            len(differ) == 2
            and differ[1] == differ[0] + 1
            and one[differ[0]] + one[differ[1]] == other[differ[1]] + other[differ[0]]
        )
        return 1 if len(differ) == 1 or exchanged else 2
    short, long = sorted((one, other), key=len)
    return 1 if any(long[:place] + long[place + 1 :] == short for place in range(len(long))) else 2


def _one_slip(before: date | None, after: date | None) -> bool:
    if before is None or after is None:
        return after is not None
    parts = [(before.day, after.day), (before.month, after.month), (before.year, after.year)]
    exchanged = (before.day, before.month, before.year) == (after.month, after.day, after.year)
    return exchanged or sum(one != other for one, other in parts) <= 1
