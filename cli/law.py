"""`vinhdanh rules …`, `deadline …`, `cash …`: the law as data, without a database."""

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, TypeVar

import typer

from cli.door import DOOR, day, read_text
from rules import case, cash, catalogue, deadlines, evaluation
from rules.refusal import Refusal, Unreadable

T = TypeVar("T")

rules_app = typer.Typer(no_args_is_help=True, help="Quy định pháp luật theo thời gian.")
deadline_app = typer.Typer(no_args_is_help=True, help="Tính thời hạn.")
cash_app = typer.Typer(no_args_is_help=True, help="Tính tiền thưởng.")


def _on(text: str | None) -> date:
    return day(text) if text else DOOR.today()


@rules_app.command()
def packs() -> None:
    """Các bộ quy định và thời gian áp dụng."""
    DOOR.say([pack.as_json() for pack in catalogue.packs()])


@rules_app.command()
def show(award: str, on: Annotated[str | None, typer.Option(help="YYYY-MM-DD")] = None) -> None:
    """Một danh hiệu, hình thức: ai quyết định, hồ sơ, tiêu chuẩn, trích dẫn."""
    when = _on(on)
    pack = catalogue.pack_on(when)
    if pack is None:
        raise Refusal("no_pack", f"Không có bộ quy định nào áp dụng cho ngày {when:%d/%m/%Y}.")
    DOOR.say(catalogue.describe(pack, award))


@rules_app.command()
def evaluate(
    file: Path,
    on: Annotated[str | None, typer.Option(help="YYYY-MM-DD")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Chỉ in số liệu tổng hợp")] = False,
) -> None:
    """Xét một trường hợp (JSON) hoặc nhiều (.jsonl)."""
    text = read_text(file)
    started = perf_counter()
    if file.suffix != ".jsonl":
        answers = [evaluation.evaluate(_decoded(case.read_json, text), on=_on(on)).as_json()]
    else:
        answers = [_line(number, line, on) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    seconds = perf_counter() - started
    if summary:
        verdicts = Counter(answer.get("verdict", "error") for answer in answers)
        DOOR.say(
            {
                "cases": len(answers),
                "seconds": round(seconds, 3),
                "per_second": round(len(answers) / seconds) if seconds else 0,
                "verdicts": dict(verdicts),
            }
        )
        return
    DOOR.say(answers if file.suffix == ".jsonl" else answers[0])


def _decoded(read: Callable[[str], T], text: str) -> T:
    """Errors of Python's own reader are the file's fault as well."""
    try:
        return read(text)
    except (RecursionError, ValueError):
        raise Unreadable("bad_json", "Không đọc được JSON: lồng quá sâu hoặc có số quá dài.") from None


def _line(number: int, line: str, on: str | None) -> dict[str, Any]:
    name: str = f"line {number}"
    try:
        item = _decoded(case.decode, line)
        if not isinstance(item, dict):
            raise Unreadable("bad_line", "Mỗi dòng phải là một đối tượng JSON.", where={"line": number})
        name = str(item.get("name", name))
        unknown = sorted(set(item) - {"name", "on", "case"})
        if unknown:
            raise Unreadable("unknown_key", f"Khóa lạ: {', '.join(unknown)}.", where={"key": unknown[0]})
        said = item.get("on")
        if said is not None and not isinstance(said, str):
            raise Unreadable("bad_date", "Ngày xét (on) phải viết như 2024-12-20.", where={"key": "on"})
        found = evaluation.evaluate(case.read(item.get("case")), on=day(said) if said else _on(on))
        return {"name": name} | found.as_json()
    except Unreadable as error:
        return {"name": name} | error.as_json()


@rules_app.command()
def replay(
    round_: Annotated[str, typer.Option("--round", help="Mã đợt xét")],
    pack: Annotated[str, typer.Option(help="Bộ quy định để xét lại")],
    regulation: Annotated[Path | None, typer.Option(help="Tệp Quy chế khác")] = None,
) -> None:
    """Xét lại một đợt theo bộ quy định khác: hồ sơ nào đổi kết quả, do điều khoản nào. Không thay đổi đợt xét."""
    from operations.views import replay as replaying

    text = read_text(regulation) if regulation else None
    with DOOR.reading() as session:
        DOOR.say(replaying.replay(session, round_, pack=pack, regulation_text=text))


@rules_app.command("what-if")
def what_if(
    round_: Annotated[str, typer.Option("--round", help="Mã đợt xét")],
    regulation: Annotated[Path, typer.Option(help="Tệp Quy chế với ngưỡng, hạn mức khác")],
    budget: Annotated[int | None, typer.Option(help="Quỹ khen thưởng, đồng")] = None,
) -> None:
    """Nếu ngưỡng phiếu, hạn mức hoặc quỹ khác đi: ai thêm, ai bớt, chi phí từng đơn vị."""
    from operations.views import replay as replaying

    text = read_text(regulation)
    with DOOR.reading() as session:
        DOOR.say(replaying.what_if(session, round_, regulation_text=text, budget=budget))


@rules_app.command()
def quotas(round_: Annotated[str, typer.Option("--round", help="Mã đợt xét")]) -> None:
    """Đơn vị nào vượt hạn mức của Quy chế, vượt bao nhiêu."""
    from operations.views import replay as replaying

    with DOOR.reading() as session:
        DOOR.say(replaying.over_quota(session, round_))


def _lines(path: Path) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise Unreadable("bad_csv", f"Tệp CSV không đọc được: {error}.", where={"line": reader.line_num}) from None


def _table(rows: list[dict[str, Any]]) -> None:
    """A batch's answer: JSON with --json, else the CSV with its added column."""
    if DOOR.as_json:
        DOOR.say(rows)
        return
    heads = list(dict.fromkeys(head for row in rows for head in row))
    writer = csv.DictWriter(sys.stdout, heads)
    writer.writeheader()
    writer.writerows(
        {key: json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value for key, value in row.items()}
        for row in rows
    )


@deadline_app.command("compute")
def compute_deadline(
    from_: Annotated[str | None, typer.Option("--from", help="YYYY-MM-DD")] = None,
    days: Annotated[str | None, typer.Option()] = None,
    unit: Annotated[str, typer.Option(help="working | calendar")] = "working",
    pause: Annotated[list[str] | None, typer.Option(help="A..B, cả hai ngày đều không tính")] = None,
    batch: Annotated[Path | None, typer.Option(help="CSV: from,days,unit")] = None,
) -> None:
    """Ngày hết hạn và cách tính."""
    if batch is not None:
        _table(list(deadlines.batch(_lines(batch))))
        return
    if from_ is None or days is None:
        raise Unreadable("usage", "Cần --from và --days, hoặc --batch TỆP.")
    pauses = [deadlines.read_pause(text) for text in pause or []]
    found = deadlines.compute(day(from_), deadlines.read_days(days), deadlines.read_unit(unit), pauses=pauses)
    DOOR.say(found.as_json())


@cash_app.command("compute")
def compute_cash(
    award: Annotated[str | None, typer.Option()] = None,
    subject: Annotated[str | None, typer.Option(help="individual | collective | household | enterprise")] = None,
    on: Annotated[str | None, typer.Option(help="Ngày quyết định, YYYY-MM-DD")] = None,
    batch: Annotated[Path | None, typer.Option(help="CSV: award,subject,on")] = None,
) -> None:
    """Tiền thưởng theo mức lương cơ sở ngày quyết định, làm tròn lên 10.000 đồng."""
    if batch is not None:
        _table(list(cash.batch(_lines(batch))))
        return
    if award is None or subject is None:
        raise Unreadable("usage", "Cần --award và --subject, hoặc --batch TỆP.")
    DOOR.say(cash.compute(award, subject, _on(on)).as_json())
