"""Questions about years: a year's rating, titles of a year, runs of years, what lies within them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.standards.facts import MET, NOT_MET, RATINGS, UNKNOWN, Facts, Test, joined

LONGEST_RUN = 60  # years; a run of ratings is followed back no further than a working life


# --- ratings and titles ------------------------------------------------------------------------------------------


def rating_at_least(rating: str) -> Test:
    floor = RATINGS[rating]

    def check(facts: Facts) -> int:
        if facts.rating is None:
            return UNKNOWN
        return MET if RATINGS[facts.rating] >= floor else NOT_MET

    return Test(check, lambda facts: facts.rating, lambda facts: f"kết quả xếp loại năm {facts.year}")


def title_in_year(awards: Sequence[str]) -> Test:
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


def chain(argument: Mapping[str, Any]) -> Test:
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


def period(argument: Mapping[str, Any]) -> Test:
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
        return joined((*earlier, run, inside))

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
        return joined(needed) or "xếp loại các năm trước đó"

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
            lambda facts, span: joined(one.found(facts, span) for one in asked if one.check(facts, span) == MET),
            lambda facts, span: joined(one.lacks(facts, span) for one in asked if one.check(facts, span) == UNKNOWN),
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
