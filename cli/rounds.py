"""`vinhdanh round …`: the secretary's review rounds."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.door import DOOR, day, read_text
from operations import outbox, rounds

PATIENCE = 15.0  # seconds until the engine is taken to be away

app = typer.Typer(no_args_is_help=True, help="Đợt xét khen thưởng.")


@app.command("open")
def open_(
    kind: Annotated[str, typer.Option(help="CONG_TRANG DOT_XUAT PHONG_TRAO CONG_HIEN NIEN_HAN DOI_NGOAI")],
    year: Annotated[int, typer.Option(help="Năm xét")],
    title: Annotated[str, typer.Option(help="Tên đợt xét")],
    regulation: Annotated[Path | None, typer.Option(help="Tệp Quy chế (TOML) của cơ quan")] = None,
    due: Annotated[str | None, typer.Option(help="Hạn nhận đề nghị, YYYY-MM-DD")] = None,
) -> None:
    """Mở một đợt xét và gửi thư mời các đơn vị đề nghị."""
    text = read_text(regulation) if regulation else None
    proposals_due = day(due) if due else None
    row = DOOR.act(
        "round.open",
        title,
        lambda session, actor: rounds.open_round(
            session,
            kind=kind,
            year=year,
            title=title,
            actor=actor,
            now=DOOR.now(),
            regulation_text=text,
            proposals_due=proposals_due,
        ),
    )
    DOOR.say({"code": row.code})


@app.command("list")
def list_() -> None:
    """Các đợt xét."""
    with DOOR.reading() as session:
        DOOR.say(rounds.listing(session))


@app.command()
def status(code: str) -> None:
    """Một đợt xét: hồ sơ đang ở khâu nào, hạn của từng khâu."""
    with DOOR.reading() as session:
        DOOR.say(rounds.status(session, code))


@app.command()
def advance(code: str) -> None:
    """Kết thúc khâu hiện tại, chuyển sang khâu sau."""
    row = DOOR.act(
        "round.advance", code, lambda session, actor: rounds.advance(session, code, actor=actor, now=DOOR.now())
    )
    DOOR.say({"code": row.code, "stage": row.stage})


@app.command()
def extend(
    code: str,
    stage: Annotated[str, typer.Option()],
    until: Annotated[str, typer.Option(help="YYYY-MM-DD")],
    reason: Annotated[str, typer.Option()],
) -> None:
    """Gia hạn một khâu, kèm lý do."""
    last = day(until)
    deadline = DOOR.act(
        "round.extend",
        code,
        lambda session, actor: rounds.extend(
            session, code, stage=stage, until=last, reason=reason, actor=actor, now=DOOR.now()
        ),
    )
    DOOR.say({"code": code, "stage": stage, "due": deadline.due_on.isoformat(), "computed": rounds.explained(deadline)})


@app.command()
def run(code: str) -> None:
    """Gọi ngay lượt xử lý của đợt xét: năm khâu, mỗi khâu một lượt chạy con."""
    key = DOOR.act("round.run", code, lambda session, actor: rounds.call_run(session, code, actor=actor))
    ends = time.monotonic() + PATIENCE
    state, page = "queued", None
    while state in {"queued", "leased"} and time.monotonic() < ends:
        time.sleep(0.2)
        with DOOR.reading() as session:
            state, page = outbox.answer(session, key)
    answer: dict[str, Any] = {"code": code, "run": page.rpartition("/")[2] if page else None, "page": page}
    if state != "accepted":
        hint = (
            "Bộ chạy luồng không chạy hoặc Prefect không trả lời; lượt xử lý đã xếp hàng, chạy khi `vinhdanh up` chạy."
        )
        DOOR.end(4, answer | {"missing": {"component": "engine", "hint": hint}})
    DOOR.say(answer)
