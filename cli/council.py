"""`vinhdanh council …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.door import DOOR, Code, day
from operations.chairman_signature import paper_facts
from operations.council_vote import conflicts_answered, convening, council, recusals, sessions
from operations.installation import moment

if TYPE_CHECKING:
    from models.database import Session
    from operations.access import Actor

app = typer.Typer(no_args_is_help=True, help="Phiên họp Hội đồng.")
Member = Annotated[list[str], typer.Option(help="Số hiệu (TV01) hoặc tên tài khoản")]


Codes = Annotated[list[str], typer.Option("--nomination", help="Mã hồ sơ; ghi nhiều lần được")]


@app.command("set-up")
def set_up(
    code: Annotated[str, typer.Option()],
    name: Annotated[str, typer.Option()],
    decision: Annotated[str, typer.Option(help="Số quyết định thành lập")],
    since: Annotated[str, typer.Option("--from", help="2024-12-20")],
) -> None:
    """Khai báo Hội đồng theo quyết định thành lập."""
    from_ = day(since)
    DOOR.act(
        "council.set_up",
        code,
        lambda s, a: council.set_up(s, code=code, name=name, decision_number=decision, valid_from=from_, actor=a),
    )
    DOOR.say({"council": code.strip(), "from": from_})


@app.command()
def appoint(
    council_: Annotated[str, typer.Option("--council")],
    member: Annotated[str, typer.Option(help="Tên tài khoản")],
    title: Annotated[str, typer.Option(help="Chủ tịch Hội đồng, Phó Chủ tịch Hội đồng, Ủy viên …")],
    body: Annotated[str, typer.Option(help="Cơ quan, tổ chức mà thành viên đại diện")],
    since: Annotated[str, typer.Option("--from", help="2024-12-20")],
    chairs: Annotated[bool, typer.Option("--chairs", help="Là Chủ tịch Hội đồng")] = False,
    teller: Annotated[bool, typer.Option("--teller", help="Thuộc ban kiểm phiếu")] = False,
) -> None:
    """Cử thành viên Hội đồng."""
    from_ = day(since)
    DOOR.act(
        "council.appoint",
        council_,
        lambda s, a: council.appoint(
            s, council_code=council_, username=member, title=title, body=body, valid_from=from_, actor=a,
            now=DOOR.now(), chairs=chairs, teller=teller,
        ),
    )  # fmt: skip
    DOOR.say({"council": council_, "member": member, "from": from_})


@app.command()
def dismiss(
    council_: Annotated[str, typer.Option("--council")],
    member: Annotated[str, typer.Option(help="Tên tài khoản")],
    to: Annotated[str, typer.Option("--to", help="Từ ngày này không còn là thành viên")],
) -> None:
    """Cho thôi thành viên Hội đồng."""
    until = day(to)
    DOOR.act(
        "council.dismiss",
        council_,
        lambda s, a: council.dismiss(s, council_code=council_, username=member, until=until, actor=a),
    )
    DOOR.say({"council": council_, "member": member, "to": until})


@app.command("list")
def list_() -> None:
    """Các Hội đồng và thành viên hôm nay."""
    with DOOR.reading() as reading:
        found = council.listing(reading, on=DOOR.today())
    seats = [{"council": one["code"], **seat} for one in found for seat in one["members"]]
    DOOR.say(found if DOOR.as_json else seats)


@app.command()
def convene(
    round_: Annotated[str, typer.Option("--round")],
    at: Annotated[str, typer.Option(help="2024-12-20T08:00:00+07:00")],
    place: Annotated[str, typer.Option()],
) -> None:
    """Triệu tập Hội đồng và gửi giấy mời."""
    when = moment(at)

    def change(session: "Session", actor: "Actor") -> dict[str, Any]:
        row = convening.convene(session, round_code=round_, at=when, place=place, actor=actor, now=DOOR.now())
        asked = len(conflicts_answered.listing(session, row.code))
        return {"session": row.code} | sessions.representation(session, row) | {"conflicts": asked}

    DOOR.say(DOOR.act("council.convene", round_, change))


@app.command()
def reschedule(
    session: str,
    reason: Annotated[str, typer.Option()],
    at: Annotated[str | None, typer.Option(help="2024-12-20T08:00:00+07:00")] = None,
    place: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Đổi giờ, địa điểm họp và gửi lại giấy mời."""
    when = moment(at) if at is not None else None
    row = DOOR.act(
        "council.reschedule",
        session,
        lambda s, a: convening.reschedule(s, session, at=when, place=place, reason=reason, actor=a, now=DOOR.now()),
    )
    DOOR.say({"session": session, "at": row.held_at, "place": row.place, "sequence": row.invitation_sequence})


@app.command()
def members(session: str) -> None:
    """Thành viên của phiên họp."""
    with DOOR.reading() as reading:
        sitting = sessions.by_code(reading, session)
        DOOR.say(
            [
                {"member": m.member, "username": m.username, "teller": m.teller, "attended": m.attended}
                for m in sessions.members_of(reading, sitting)
            ]
        )


@app.command()
def attend(
    session: str,
    member: Member,
    absent: Annotated[bool, typer.Option("--absent", help="Bỏ ghi: thành viên không có mặt")] = False,
    code: Code = None,
) -> None:
    """Ghi thành viên có mặt; hỏi mật khẩu (--password-stdin hoặc VINHDANH_PASSWORD)."""
    DOOR.code = code

    def change(noting: "Session", actor: "Actor") -> dict[str, Any]:
        present = convening.attend(noting, session, member, actor=actor, present=not absent)
        early = [] if absent else sessions.early(sessions.by_code(noting, session), DOOR.now())
        return {"session": session, "present": present, "warnings": early}

    DOOR.say(DOOR.act("council.attend", session, change))


@app.command()
def conflicts(
    session: str,
    look: Annotated[bool, typer.Option("--look", help="Xem lại dữ liệu trước khi liệt kê")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Chỉ của người đang dùng lệnh (--as)")] = False,
) -> None:
    """Xung đột lợi ích đã phát hiện, đã khai, đã giải quyết."""
    if look:
        DOOR.act(
            "council.look",
            session,
            lambda s, a: conflicts_answered.look_again(s, session, actor=a, now=DOOR.now()),
        )
    with DOOR.reading() as reading:
        only = DOOR.actor(reading).username if mine else None
        DOOR.say(conflicts_answered.listing(reading, session, only=only))


@app.command()
def declare(
    session: str,
    nomination: Annotated[str, typer.Option()],
    kind: Annotated[str, typer.Option(help="kinship | own | superior | co_author | other")],
    note: Annotated[str, typer.Option()] = "",
) -> None:
    """Thành viên tự khai xung đột lợi ích và tránh hồ sơ đó."""
    DOOR.say(
        DOOR.act(
            "council.declare",
            session,
            lambda s, a: conflicts_answered.declare(
                s, session, nomination=nomination, kind=kind, note=note, actor=a, now=DOOR.now()
            ),
        )
    )


@app.command()
def deny(session: str, nomination: Codes, reason: Annotated[str, typer.Option()]) -> None:
    """Thành viên trả lời là không liên quan, kèm lý do."""
    answered = DOOR.act(
        "council.deny",
        session,
        lambda s, a: conflicts_answered.deny(s, session, nomination, reason=reason, actor=a, now=DOOR.now()),
    )
    DOOR.say({"session": session, "denied": answered})


@app.command()
def waive(
    session: str,
    member: Annotated[str, typer.Option()],
    nomination: Codes,
    reason: Annotated[str, typer.Option()],
) -> None:
    """Thư ký xác nhận thành viên vẫn được biểu quyết, kèm lý do."""
    waived = DOOR.act(
        "council.waive",
        session,
        lambda s, a: conflicts_answered.waive(
            s, session, nomination, member=member, reason=reason, actor=a, now=DOOR.now()
        ),
    )
    DOOR.say({"session": session, "member": member, "waived": waived})


@app.command()
def recuse(
    session: str,
    member: Annotated[str, typer.Option()],
    nomination: Annotated[str, typer.Option()],
    ground: Annotated[str, typer.Option(help="Lý do tránh")],
    code: Code = None,
) -> None:
    """Ghi thành viên tránh một hồ sơ; hỏi mật khẩu."""
    DOOR.code = code
    DOOR.act(
        "council.recuse",
        session,
        lambda s, a: recusals.recuse(
            s, session, member=member, nomination=nomination, ground=ground, actor=a, now=DOOR.now()
        ),
    )
    DOOR.say({"session": session, "member": member, "nomination": nomination})


@app.command()
def cancel(session: str, reason: Annotated[str, typer.Option()]) -> None:
    """Hủy phiên họp, gửi thư báo hủy."""
    DOOR.act(
        "council.cancel", session, lambda s, a: convening.cancel(s, session, reason=reason, actor=a, now=DOOR.now())
    )
    DOOR.say({"session": session, "cancelled": True})


@app.command("minutes")
def minutes_(session: str, out: Annotated[Path, typer.Option(help="Tệp PDF")]) -> None:
    """Biên bản họp Hội đồng."""
    from documents import papers

    with DOOR.reading() as reading:
        facts = paper_facts.of_session(reading, session)
    out.write_bytes(papers.render(papers.MinutesPaper.model_validate(facts)))
    DOOR.say({"session": session, "file": str(out)})
