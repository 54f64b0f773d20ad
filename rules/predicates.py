"""The closed set of questions a standard may ask, in three-valued logic: not met < unknown < met.

A pack writes a standard as a tree of these (`any_of`, `all_of` and the questions below); `build`
turns the tree into functions once, while the pack is read. Every question answers three ways: the verdict,
the value found, and, where a fact is missing, which fact. All numbers are integers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
LONGEST_RUN = 60  # years; a run of ratings is followed back no further than a working life


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


def build(expression: Mapping[str, Any]) -> Test:
    """The functions of an expression. Raises ValueError for a question that is not in the closed set."""
    if len(expression) != 1:
        raise ValueError(f"một biểu thức có đúng một khóa: {sorted(expression)}")
    ((name, argument),) = expression.items()
    maker = QUESTIONS.get(name)
    if maker is None:
        raise ValueError(f"không có câu hỏi “{name}” trong tiêu chuẩn")
    return maker(argument)


def spell(expression: Any) -> str:
    """An expression on one line, for the reference page: `any_of(rating_at_least(HTXSNV), ground(74.1.a))`."""
    if isinstance(expression, Mapping):
        if len(expression) == 1:
            ((name, argument),) = expression.items()
            return f"{name}()" if argument is True else f"{name}({spell(argument)})"
        return ", ".join(f"{name}={spell(argument)}" for name, argument in expression.items())
    if isinstance(expression, list):
        return ", ".join(spell(one) for one in expression)
    return str(expression)


def _all_of(parts: Sequence[Mapping[str, Any]]) -> Test:
    tests = tuple(build(part) for part in parts)

    def check(facts: Facts) -> int:
        verdict = MET
        for test in tests:
            answer = test.check(facts)
            if answer == NOT_MET:
                return NOT_MET
            verdict = min(verdict, answer)
        return verdict

    def found(facts: Facts) -> str | None:
        worst = check(facts)
        return _joined(test.found(facts) for test in tests if worst == MET or test.check(facts) == worst)

    return Test(check, found, lambda facts: _lacking(tests, facts))


def _any_of(parts: Sequence[Mapping[str, Any]]) -> Test:
    tests = tuple(build(part) for part in parts)

    def check(facts: Facts) -> int:
        verdict = NOT_MET
        for test in tests:
            answer = test.check(facts)
            if answer == MET:
                return MET
            verdict = max(verdict, answer)
        return verdict

    def found(facts: Facts) -> str | None:
        for test in tests:
            if test.check(facts) == MET:
                return test.found(facts)
        return _joined(test.found(facts) for test in tests)

    return Test(check, found, lambda facts: _lacking(tests, facts))


def _joined(texts: Any) -> str | None:
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None


def _lacking(tests: Sequence[Test], facts: Facts) -> str | None:
    return _joined(test.lacks(facts) for test in tests if test.check(facts) == UNKNOWN)


# --- ratings and titles ------------------------------------------------------------------------------------------


def _rating_at_least(rating: str) -> Test:
    floor = RATINGS[rating]

    def check(facts: Facts) -> int:
        if facts.rating is None:
            return UNKNOWN
        return MET if RATINGS[facts.rating] >= floor else NOT_MET

    return Test(check, lambda facts: facts.rating, lambda facts: f"kết quả xếp loại năm {facts.year}")


def _title_in_year(awards: Sequence[str]) -> Test:
    """One of the titles, held for the year. With a rating that the title excludes the two contradict: unknown."""
    wanted = tuple(awards)

    def held(facts: Facts) -> str | None:
        return next((award for award in wanted if facts.year in facts.held.get(award, ())), None)

    def contradicted(facts: Facts, award: str) -> bool:
        # Art. 24.3 (farmers) knows no rating; the others rest on "hoàn thành tốt nhiệm vụ" (24.1.a).
        return award != "LDTT_ND" and facts.rating is not None and RATINGS[facts.rating] < RATINGS["HTTNV"]

    def check(facts: Facts) -> int:
        award = held(facts)
        if award:
            return UNKNOWN if contradicted(facts, award) else MET
        return NOT_MET if facts.case.titles is not None else UNKNOWN

    def found(facts: Facts) -> str | None:
        award = held(facts)
        return f"{award} {facts.year}" if award else None

    def lacks(facts: Facts) -> str:
        award = held(facts)
        if award:
            return f"làm rõ vì danh hiệu {award} năm {facts.year} trái với xếp loại {facts.rating}"
        return f"danh sách danh hiệu năm {facts.year}"

    return Test(check, found, lacks)


def _chain(argument: Mapping[str, Any]) -> Test:
    """`times` of a title in consecutive years, the last being the year considered.

    `reset_by`: an award already given within those years. No text read so far says whether the same run
    counts again, so such a run is unknown, never rejected. `respaced`: the same number of times without
    another between, each that many years apart, is unknown for the same reason.
    """
    award, times = str(argument["award"]), int(argument["times"])
    reset_by, respaced = argument.get("reset_by"), argument.get("respaced")

    def years(facts: Facts) -> list[int]:
        held = facts.held.get(award, ())
        return [year for year in range(facts.year - times + 1, facts.year + 1) if year in held]

    def reused(facts: Facts) -> bool:
        if reset_by is None:
            return False
        return any(facts.year - times < year < facts.year for year in facts.held.get(reset_by, ()))

    def spaced(facts: Facts) -> bool:
        if respaced is None:
            return False
        held = facts.held.get(award, ())
        return all(facts.year - step * respaced in held for step in range(times))

    def check(facts: Facts) -> int:
        if len(years(facts)) == times:
            return UNKNOWN if reused(facts) else MET
        if facts.lists(award) and not spaced(facts):
            return NOT_MET
        return UNKNOWN

    def found(facts: Facts) -> str | None:
        return ", ".join(f"{award} {year}" for year in years(facts)) or None

    def lacks(facts: Facts) -> str:
        if len(years(facts)) == times and reused(facts):
            return (
                f"người thẩm định xem chuỗi {award} đã dùng để tặng {reset_by} có được tính lại không (câu hỏi mở số 8)"
            )
        if facts.lists(award):
            return (
                f"người thẩm định xem các lần {award} cách nhau {respaced} năm có là liên tục không (câu hỏi mở số 8)"
            )
        return f"danh sách {award} các năm {facts.year - times + 1}–{facts.year}"

    return Test(check, found, lacks)


def _period(argument: Mapping[str, Any]) -> Test:
    """`years` or more consecutive years up to the year considered, each rated at least `rating` (or holding one
    of `or_titles`), and `within` that time something more.

    `after`: an award held before that time began; `once`: an award held at any time up to the year. The run may be
    longer than `years`: it is followed back as far as it goes, since what lies within it counts.
    """
    floor, least = RATINGS[argument["rating"]], int(argument["years"])
    or_titles = tuple(argument.get("or_titles", ()))
    after, once = argument.get("after"), argument.get("once")
    within = build_within(argument["within"]) if "within" in argument else None

    def good(facts: Facts, year: int) -> int:
        rating = facts.rated(year)
        if rating is not None and RATINGS[rating] >= floor:
            return MET
        if any(year in facts.held.get(title, ()) for title in or_titles):
            return MET
        if rating is None or (or_titles and facts.case.titles is None):
            return UNKNOWN
        return NOT_MET

    def start(facts: Facts, least_answer: int) -> int:
        """First year of the run in which every year answers at least so."""
        year = facts.year
        while year > facts.year - LONGEST_RUN and good(facts, year) >= least_answer:
            year -= 1
        return year + 1

    def answer(facts: Facts, first: int, wanted: int) -> bool:
        if facts.year - first + 1 < least:
            return False
        return within is None or within.check(facts, range(first, facts.year + 1)) >= wanted

    def check(facts: Facts) -> int:
        known, possible = start(facts, MET), start(facts, UNKNOWN)
        held = MET
        for award in (after, once):
            if award is not None and not facts.held.get(award):
                held = min(held, NOT_MET if facts.lists(award) else UNKNOWN)
        if held == NOT_MET:
            return NOT_MET
        # The earliest award leaves the longest time after it.
        if after is not None and facts.held.get(after):
            earliest = min(facts.held[after]) + 1
            known = max(known, earliest)
            # An incomplete list may hold a still earlier one.
            possible = max(possible, earliest) if facts.lists(after) else possible
        if held == MET and answer(facts, known, MET):
            return MET
        return UNKNOWN if answer(facts, possible, UNKNOWN) else NOT_MET

    def found(facts: Facts) -> str | None:
        first = start(facts, MET)
        run = f"{facts.year - first + 1} năm liên tục ({first}–{facts.year})" if first <= facts.year else None
        earlier = [f"{award} {min(facts.held[award])}" for award in (after, once) if award and facts.held.get(award)]
        inside = within.found(facts, range(first, facts.year + 1)) if within and run else None
        return _joined((*earlier, run, inside))

    def lacks(facts: Facts) -> str:
        needed: list[str | None] = [
            f"danh sách {award} đã được tặng"
            for award in (after, once)
            if award and not facts.held.get(award) and not facts.lists(award)
        ]
        first = start(facts, MET)
        if facts.year - first + 1 < least:
            needed.append(f"xếp loại các năm {facts.year - least + 1}–{first - 1}")
        if within:
            window = range(min(first, facts.year - least + 1), facts.year + 1)
            needed.append(within.lacks(facts, window))
        return _joined(needed) or "xếp loại các năm trước đó"

    return Test(check, found, lacks)


# --- what must lie within a period -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Within:
    check: Callable[[Facts, range], int]
    found: Callable[[Facts, range], str | None]
    lacks: Callable[[Facts, range], str | None]


def build_within(expression: Mapping[str, Any]) -> Within:
    """A question about a span of years. More years never make its answer worse."""
    if len(expression) != 1:
        raise ValueError(f"một biểu thức có đúng một khóa: {sorted(expression)}")
    ((name, argument),) = expression.items()
    maker = SPAN_QUESTIONS.get(name)
    if maker is None:
        raise ValueError(f"không có câu hỏi “{name}” trong một khoảng thời gian")
    return maker(argument)


def _span(best: bool) -> Callable[[Sequence[Mapping[str, Any]]], Within]:
    def make(parts: Sequence[Mapping[str, Any]]) -> Within:
        asked = tuple(build_within(part) for part in parts)
        choose = max if best else min
        return Within(
            lambda facts, span: choose(one.check(facts, span) for one in asked),
            lambda facts, span: _joined(one.found(facts, span) for one in asked if one.check(facts, span) == MET),
            lambda facts, span: _joined(one.lacks(facts, span) for one in asked if one.check(facts, span) == UNKNOWN),
        )

    return make


def _times(argument: Mapping[str, Any]) -> Within:
    """An award held so many times in the span. `doubtful`: enough of them is still a question for a person."""
    award, times = str(argument["award"]), int(argument["times"])
    doubtful = argument.get("doubtful")

    def years(facts: Facts, span: range) -> list[int]:
        return sorted(year for year in facts.held.get(award, ()) if year in span)

    def check(facts: Facts, span: range) -> int:
        if len(years(facts, span)) >= times:
            return UNKNOWN if doubtful else MET
        return NOT_MET if facts.lists(award) else UNKNOWN

    def lacks(facts: Facts, span: range) -> str:
        if doubtful and len(years(facts, span)) >= times:
            return str(doubtful)
        return f"danh sách {award} các năm {span.start}–{span.stop - 1}"

    return Within(check, lambda facts, span: ", ".join(f"{award} {year}" for year in years(facts, span)) or None, lacks)


def _rated_times(argument: Mapping[str, Any]) -> Within:
    floor, times = RATINGS[argument["rating"]], int(argument["times"])

    def check(facts: Facts, span: range) -> int:
        ratings = [facts.rated(year) for year in span]
        good = sum(1 for rating in ratings if rating is not None and RATINGS[rating] >= floor)
        if good >= times:
            return MET
        return UNKNOWN if good + ratings.count(None) >= times else NOT_MET

    return Within(
        check,
        lambda facts, span: (
            ", ".join(f"{argument['rating']} {year}" for year in span if facts.rated(year) == argument["rating"])
            or None
        ),
        lambda _facts, span: f"xếp loại các năm {span.start}–{span.stop - 1}",
    )


def _merits_within(key: str, name: str) -> Callable[[int], Within]:
    def make(times: int) -> Within:
        def check(facts: Facts, span: range) -> int:
            listed = getattr(facts.case, key)
            if listed is None:
                return UNKNOWN
            return MET if sum(1 for one in listed if one.year in span) >= times else NOT_MET

        def found(facts: Facts, span: range) -> str | None:
            count = sum(1 for one in getattr(facts.case, key) or () if one.year in span)
            return f"{count} {name}" if count else None

        return Within(check, found, lambda _facts, span: f"danh sách {name} các năm {span.start}–{span.stop - 1}")

    return make


SPAN_QUESTIONS: Mapping[str, Callable[[Any], Within]] = {
    "any_of": _span(best=True),
    "all_of": _span(best=False),
    "times": _times,
    "rated_times": _rated_times,
    "initiatives": _merits_within("initiatives", "sáng kiến"),
    "research": _merits_within("research", "đề tài"),
}


# --- merits of a year --------------------------------------------------------------------------------------------


def _merit(key: str, name: str) -> Callable[[Mapping[str, Any]], Test]:
    """A recognised initiative, research work or feat of wit in combat of at least that scope, within `years` up to the year.

    An older one of that scope is unknown where `older` says so: the Law sets no period, so a person decides.
    """

    def make(argument: Mapping[str, Any]) -> Test:
        floor, years = SCOPES[argument["scope"]], int(argument["years"])
        older = bool(argument.get("older", False))

        def best(facts: Facts) -> tuple[int, Any]:
            listed = getattr(facts.case, key)
            if listed is None:
                # Combat is asked of the armed forces only: for everybody else silence means none.
                if key == "combat" and facts.group != "armed_forces":
                    return NOT_MET, None
                return UNKNOWN, None
            answer, which = NOT_MET, None
            for one in listed:
                if SCOPES[one.scope] < floor or one.year > facts.year:
                    continue
                # The latest of the widest scope is the one named, whatever the order of the list.
                better = which is None or (one.year, SCOPES[one.scope]) > (which.year, SCOPES[which.scope])
                if one.year > facts.year - years:
                    if answer < MET or better:
                        answer, which = MET, one
                elif older and answer < MET and better:
                    answer, which = UNKNOWN, one
            return answer, which

        def found(facts: Facts) -> str | None:
            which = best(facts)[1]
            return f"{name} {which.year} ({which.scope})" if which else None

        def lacks(facts: Facts) -> str:
            which = best(facts)[1]
            if which:
                return f"người thẩm định xem {name} năm {which.year} có thuộc thời gian tính thành tích không"
            return f"danh sách {name}"

        return Test(lambda facts: best(facts)[0], found, lacks)

    return make


# --- attested conduct, grounds, the nominee ----------------------------------------------------------------------


def _attested(provisions: Sequence[str]) -> Test:
    """Conduct that no fact describes: the unit's tờ trình attests it unless the case says it does not."""
    wanted = tuple(provisions)

    def check(facts: Facts) -> int:
        if not facts.attested_not:
            return MET
        return NOT_MET if any(one in facts.attested_not for one in wanted) else MET

    return Test(check, lambda facts: "attested" if check(facts) == MET else "not_attested", lambda _facts: None)


def _ground(provisions: str | Sequence[str]) -> Test:
    """A provision the proposal relies on, with papers attached."""
    wanted = (provisions,) if isinstance(provisions, str) else tuple(provisions)

    def check(facts: Facts) -> int:
        if facts.grounds is None:
            return UNKNOWN
        return MET if any(one in facts.grounds for one in wanted) else NOT_MET

    return Test(
        check,
        lambda facts: next((one for one in wanted if one in (facts.grounds or ())), None),
        lambda _facts: "căn cứ mà tờ trình dựa vào, kèm giấy tờ",
    )


def _group_in(groups: Sequence[str]) -> Test:
    wanted = frozenset(groups)

    def check(facts: Facts) -> int:
        if facts.group is None:
            return UNKNOWN
        return MET if facts.group in wanted else NOT_MET

    return Test(check, lambda facts: facts.group, lambda _facts: "nhóm đối tượng của người được đề nghị")


def _group_suits(argument: Mapping[str, Sequence[str]]) -> Test:
    """Not one of the `other` groups, for whom the Law has another title; `doubtful` groups go to a person.

    The unit chose this title for the nominee, so an unnamed group is taken as suiting it.
    """
    other, doubtful = frozenset(argument["other"]), frozenset(argument["doubtful"])

    def check(facts: Facts) -> int:
        if facts.group in other:
            return NOT_MET
        return UNKNOWN if facts.group in doubtful else MET

    return Test(
        check, lambda facts: facts.group, lambda _facts: "người thẩm định xem danh hiệu nào dành cho nhóm đối tượng này"
    )


def _foreign(_argument: Any) -> Test:
    def check(facts: Facts) -> int:
        stated = facts.case.nominee.foreign
        if stated is None:
            return UNKNOWN
        return MET if stated else NOT_MET

    return Test(
        check,
        lambda facts: "foreign" if facts.case.nominee.foreign else None,
        lambda _facts: "người được đề nghị có phải người nước ngoài, người Việt Nam định cư ở nước ngoài không",
    )


def _months_at_least(months: int) -> Test:
    def check(facts: Facts) -> int:
        stated = facts.case.nominee.employed_months
        if stated is None:
            return UNKNOWN
        return MET if stated >= months else NOT_MET

    return Test(
        check,
        lambda facts: (
            f"{facts.case.nominee.employed_months} tháng" if facts.case.nominee.employed_months is not None else None
        ),
        lambda _facts: "số tháng công tác",
    )


# --- collectives -------------------------------------------------------------------------------------------------


def _count(facts: Facts, name: str) -> int | None:
    return getattr(facts.collective, name) if facts.collective else None


def _share(argument: Mapping[str, Any]) -> Test:
    """`of` members at least `percent` of all members: count × 100 ≥ percent × members, in integers."""
    name, percent, what = str(argument["of"]), int(argument["percent"]), str(argument["what"])

    def check(facts: Facts) -> int:
        count, members = _count(facts, name), _count(facts, "members")
        if count is None or members is None:
            return UNKNOWN
        return MET if count * 100 >= percent * members else NOT_MET

    def found(facts: Facts) -> str | None:
        count, members = _count(facts, name), _count(facts, "members")
        return f"{count}/{members}" if count is not None and members is not None else None

    return Test(check, found, lambda _facts: f"số thành viên và số người {what}")


def _count_at_least(argument: Mapping[str, Any]) -> Test:
    name, least, what = str(argument["of"]), int(argument["least"]), str(argument["what"])

    def check(facts: Facts) -> int:
        count = _count(facts, name)
        if count is None:
            return UNKNOWN
        return MET if count >= least else NOT_MET

    return Test(check, lambda facts: _text(_count(facts, name)), lambda _facts: f"số người {what}")


def _nobody_disciplined(_argument: Any) -> Test:
    def check(facts: Facts) -> int:
        count = _count(facts, "disciplined_from_canh_cao")
        if count is None:
            return UNKNOWN
        return MET if count == 0 else NOT_MET

    return Test(
        check,
        lambda facts: _text(_count(facts, "disciplined_from_canh_cao")),
        lambda _facts: "số người bị kỷ luật từ cảnh cáo trở lên",
    )


def _founded_years(years: int) -> Test:
    def check(facts: Facts) -> int:
        founded = _count(facts, "founded")
        if founded is None:
            return UNKNOWN
        return MET if facts.year - founded >= years else NOT_MET

    return Test(check, lambda facts: _text(_count(facts, "founded")), lambda _facts: "năm thành lập")


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


# --- parameters and exclusions -----------------------------------------------------------------------------------


def _parameter(name: str) -> Test:
    """A standard that the province sets: met where the regulation names the document, else unknown."""
    return Test(
        lambda facts: MET if name in facts.parameters else UNKNOWN,
        lambda facts: facts.parameters.get(name),
        lambda _facts: "văn bản quy định tiêu chuẩn",
    )


def _one_award(_argument: Any) -> Test:
    """Law 06/2022 Art. 5.2.c. A form: nothing yet for this achievement. A title: no form, and not this title, for it;
    an earlier title is what the higher titles are built on.
    """

    def clash(facts: Facts) -> str | None:
        achievement = facts.case.achievement
        given = (achievement.already_awarded if achievement else None) or ()
        return _joined(
            one
            for one in sorted(given)
            if facts.case.award not in TITLES or one not in TITLES or one == facts.case.award
        )

    def check(facts: Facts) -> int:
        achievement = facts.case.achievement
        if achievement is not None and achievement.already_awarded is None:
            return UNKNOWN
        return NOT_MET if clash(facts) else MET

    return Test(check, clash, lambda _facts: "danh sách hình thức đã khen cho chính thành tích này")


def _nothing_pending(_argument: Any) -> Test:
    def check(facts: Facts) -> int:
        return MET if facts.case.pending == () else UNKNOWN

    return Test(
        check,
        lambda facts: ", ".join(sorted(set(facts.case.pending))) if facts.case.pending else None,
        lambda _facts: "xác nhận không có khiếu nại, tố cáo, thanh tra, điều tra, xem xét kỷ luật",
    )


def _not_disciplined(_argument: Any) -> Test:
    def forms(facts: Facts) -> list[str]:
        return sorted({one.form for one in facts.case.disciplines or () if one.year == facts.year})

    def check(facts: Facts) -> int:
        if facts.case.disciplines is None:
            return UNKNOWN
        return NOT_MET if forms(facts) else MET

    return Test(
        check, lambda facts: ", ".join(forms(facts)) or None, lambda facts: f"danh sách kỷ luật năm {facts.year}"
    )


QUESTIONS: Mapping[str, Callable[[Any], Test]] = {
    "all_of": _all_of,
    "any_of": _any_of,
    "rating_at_least": _rating_at_least,
    "title_in_year": _title_in_year,
    "chain": _chain,
    "period": _period,
    "initiative": _merit("initiatives", "sáng kiến"),
    "research": _merit("research", "đề tài"),
    "combat": _merit("combat", "mưu trí, sáng tạo trong chiến đấu"),
    "attested": _attested,
    "ground": _ground,
    "group_in": _group_in,
    "group_suits": _group_suits,
    "foreign": _foreign,
    "months_at_least": _months_at_least,
    "share": _share,
    "count_at_least": _count_at_least,
    "nobody_disciplined": _nobody_disciplined,
    "founded_years": _founded_years,
    "parameter": _parameter,
    "one_award": _one_award,
    "nothing_pending": _nothing_pending,
    "not_disciplined": _not_disciplined,
}
