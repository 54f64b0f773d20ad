"""Questions about merits and conduct: initiatives, what the unit attests, the nominee, collectives, exclusions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rules.pack_files import is_title
from rules.standards.facts import MET, NOT_MET, SCOPES, UNKNOWN, Facts, Test, joined


def merit(key: str, name: str) -> Callable[[Mapping[str, Any]], Test]:
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


def attested(provisions: Sequence[str]) -> Test:
    """Conduct that no fact describes: the unit's tờ trình attests it unless the case says it does not."""
    wanted = tuple(provisions)

    def check(facts: Facts) -> int:
        if not facts.attested_not:
            return MET
        return NOT_MET if any(one in facts.attested_not for one in wanted) else MET

    return Test(check, lambda facts: "attested" if check(facts) == MET else "not_attested", lambda _facts: None)


def ground(provisions: str | Sequence[str]) -> Test:
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


def group_in(groups: Sequence[str]) -> Test:
    wanted = frozenset(groups)

    def check(facts: Facts) -> int:
        if facts.group is None:
            return UNKNOWN
        return MET if facts.group in wanted else NOT_MET

    return Test(check, lambda facts: facts.group, lambda _facts: "nhóm đối tượng của người được đề nghị")


def group_suits(argument: Mapping[str, Sequence[str]]) -> Test:
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


def foreign(_argument: Any) -> Test:
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


def months_at_least(months: int) -> Test:
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


def share(argument: Mapping[str, Any]) -> Test:
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


def count_at_least(argument: Mapping[str, Any]) -> Test:
    name, least, what = str(argument["of"]), int(argument["least"]), str(argument["what"])

    def check(facts: Facts) -> int:
        count = _count(facts, name)
        if count is None:
            return UNKNOWN
        return MET if count >= least else NOT_MET

    return Test(check, lambda facts: _text(_count(facts, name)), lambda _facts: f"số người {what}")


def nobody_disciplined(_argument: Any) -> Test:
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


def founded_years(years: int) -> Test:
    def check(facts: Facts) -> int:
        founded = _count(facts, "founded")
        if founded is None:
            return UNKNOWN
        return MET if facts.year - founded >= years else NOT_MET

    return Test(check, lambda facts: _text(_count(facts, "founded")), lambda _facts: "năm thành lập")


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


# --- parameters and exclusions -----------------------------------------------------------------------------------


def parameter(name: str) -> Test:
    """A standard that the province sets: met where the regulation names the document, else unknown."""
    return Test(
        lambda facts: MET if name in facts.parameters else UNKNOWN,
        lambda facts: facts.parameters.get(name),
        lambda _facts: "văn bản quy định tiêu chuẩn",
    )


def one_award(_argument: Any) -> Test:
    """Law 06/2022 Art. 5.2.c. A form: nothing yet for this achievement. A title: no form, and not this title, for it;
    an earlier title is what the higher titles are built on.
    """

    def clash(facts: Facts) -> str | None:
        achievement = facts.case.achievement
        given = (achievement.already_awarded if achievement else None) or ()
        return joined(
            one
            for one in sorted(given)
            if not is_title(facts.case.award) or not is_title(one) or one == facts.case.award
        )

    def check(facts: Facts) -> int:
        achievement = facts.case.achievement
        if achievement is not None and achievement.already_awarded is None:
            return UNKNOWN
        return NOT_MET if clash(facts) else MET

    return Test(check, clash, lambda _facts: "danh sách hình thức đã khen cho chính thành tích này")


def nothing_pending(_argument: Any) -> Test:
    def check(facts: Facts) -> int:
        return MET if facts.case.pending == () else UNKNOWN

    return Test(
        check,
        lambda facts: ", ".join(sorted(set(facts.case.pending))) if facts.case.pending else None,
        lambda _facts: "xác nhận không có khiếu nại, tố cáo, thanh tra, điều tra, xem xét kỷ luật",
    )


def not_disciplined(_argument: Any) -> Test:
    def forms(facts: Facts) -> list[str]:
        return sorted({one.form for one in facts.case.disciplines or () if one.year == facts.year})

    def check(facts: Facts) -> int:
        if facts.case.disciplines is None:
            return UNKNOWN
        return NOT_MET if forms(facts) else MET

    return Test(
        check, lambda facts: ", ".join(forms(facts)) or None, lambda facts: f"danh sách kỷ luật năm {facts.year}"
    )
