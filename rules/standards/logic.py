"""The closed set of questions a standard may ask, and how they are joined.

A pack writes a standard as a tree of these (`any_of`, `all_of` and the questions of `years` and `merits`); `build`
turns the tree into functions once, while the pack is read.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rules.standards import merits, years
from rules.standards.facts import MET, NOT_MET, UNKNOWN, Facts, Test, joined


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
        return joined(test.found(facts) for test in tests if worst == MET or test.check(facts) == worst)

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
        return joined(test.found(facts) for test in tests)

    return Test(check, found, lambda facts: _lacking(tests, facts))


def _lacking(tests: Sequence[Test], facts: Facts) -> str | None:
    return joined(test.lacks(facts) for test in tests if test.check(facts) == UNKNOWN)


QUESTIONS: Mapping[str, Callable[[Any], Test]] = {
    "all_of": _all_of,
    "any_of": _any_of,
    "rating_at_least": years.rating_at_least,
    "title_in_year": years.title_in_year,
    "chain": years.chain,
    "period": years.period,
    "initiative": merits.merit("initiatives", "sáng kiến"),
    "research": merits.merit("research", "đề tài"),
    "combat": merits.merit("combat", "mưu trí, sáng tạo trong chiến đấu"),
    "attested": merits.attested,
    "ground": merits.ground,
    "group_in": merits.group_in,
    "group_suits": merits.group_suits,
    "foreign": merits.foreign,
    "months_at_least": merits.months_at_least,
    "share": merits.share,
    "count_at_least": merits.count_at_least,
    "nobody_disciplined": merits.nobody_disciplined,
    "founded_years": merits.founded_years,
    "parameter": merits.parameter,
    "one_award": merits.one_award,
    "nothing_pending": merits.nothing_pending,
    "not_disciplined": merits.not_disciplined,
}
