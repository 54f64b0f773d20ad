"""The reference page of the rules, written from the packs: `python -m rules.reference` writes docs/reference/rules.md.

A test compares the page with the packs, so that what officers read cannot drift from what the program applies.
"""

from collections.abc import Iterable
from pathlib import Path

from rules import catalogue, vocabulary
from rules.catalogue import Award, Pack, Rule
from rules.standards.facts import spoken
from rules.vocabulary import Status

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "rules.md"

STATUS_NAMES = vocabulary.names(Status)


def page() -> str:
    """The whole page as Markdown, the same bytes for the same packs."""
    packs = catalogue.packs()
    lines = [
        "# Quy tắc xét danh hiệu, hình thức khen thưởng",
        "",
        "Trang này sinh ra từ `rules/packs/` bằng `python -m rules.reference`; đừng sửa tay.",
        "",
        "## Mức tin cậy",
        "",
        *_table(("Mã", "Nghĩa"), STATUS_NAMES.items()),
        "## Các gói luật",
        "",
        *_table(
            ("Gói", "Từ", "Đến", "Cấp", "Đủ", "SHA-256"),
            (
                (
                    one.id,
                    one.valid_from.isoformat(),
                    one.valid_to.isoformat() if one.valid_to else "–",
                    catalogue.LEVEL_NAMES[one.level],
                    "có" if one.complete else "không",
                    f"`{one.sha256[:16]}`",
                )
                for one in packs
            ),
        ),
    ]
    for one in packs:
        if one.missing:
            lines += [f"Còn thiếu ở {one.id}:", "", *(f"- {item}" for item in one.missing), ""]
    lines += ["## Áp dụng cho mọi danh hiệu, hình thức", "", *_rules(packs[0].exclusions)]
    told: set[str] = set()
    for number, base in enumerate(packs, start=1):
        for award in base.awards.values():
            if award.id not in told:
                lines += _award(award, base, packs[number:])
        told |= base.awards.keys()
    return "\n".join(lines).rstrip() + "\n"


def _award(award: Award, base: Pack, later: Iterable[Pack]) -> list[str]:
    kinds = ", ".join(name for kind, name in catalogue.KIND_NAMES.items() if kind in award.kinds)
    family = "Danh hiệu thi đua" if award.is_title else "Hình thức khen thưởng"
    lines = [
        f"## {award.name} (`{award.id}`)",
        "",
        f"{family}; viết tắt {award.short}; dành cho {kinds}; {award.period}. {award.article}.",
        "",
        *_authorities(award, base, later),
    ]
    for kind, name in catalogue.KIND_NAMES.items():
        if (award.id, kind) in base.standards:
            lines += [f"### Tiêu chuẩn: {name}", "", *_rules(base.standards[award.id, kind])]
            for other in later:
                changed = [
                    rule
                    for rule, was in zip(
                        other.standards.get((award.id, kind), ()), base.standards[award.id, kind], strict=False
                    )
                    if (rule.asks, rule.citation, rule.status) != (was.asks, was.citation, was.status)
                ]
                if changed:
                    lines += [f"Khác đi trong {other.id}:", "", *_rules(changed)]
    lines += [
        "### Hồ sơ",
        "",
        *_table(
            ("Giấy tờ", "Khi nào", "Căn cứ", "Mức tin cậy"),
            ((part.name, part.condition or "luôn cần", str(part.citation), part.status) for part in award.dossier),
        ),
    ]
    return lines


def _authorities(award: Award, base: Pack, later: Iterable[Pack]) -> list[str]:
    rows = []
    for pack in (base, *later):
        if award.id not in pack.awards:
            continue
        for level, name in catalogue.LEVEL_NAMES.items():
            stated = catalogue.authority(pack, award.id, level)
            role = {"decide": "quyết định", "propose": "trình", "none": "không"}[stated.role]
            if not stated.verified:
                role = f"chưa xác minh (`{stated.rule}`)"
            who = catalogue.DECIDER_NAMES.get(stated.decided_by or "", "–")
            rows.append((pack.id, name, role, who, str(stated.citation), stated.status))
    return _table(("Gói", "Cấp xử lý", "Vai trò", "Người quyết định", "Căn cứ", "Mức tin cậy"), rows)


def _rules(rules: Iterable[Rule]) -> list[str]:
    return _table(
        ("Quy tắc", "Đạt khi", "Biểu thức", "Căn cứ", "Mức tin cậy"),
        (
            (
                f"`{rule.id}`",
                spoken(rule.met.replace("{found}", "…")),
                f"`{rule.asks}`",
                str(rule.citation),
                rule.status,
            )
            for rule in rules
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [*lines, ""]


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
