"""`vinhdanh council …` and `vinhdanh ballot …`."""

import json
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.door import DOOR, progress, read_text
from operations import accounts, council, paper_facts, vote
from operations.installation import moment
from rules.refusal import Refusal, Unreadable

app = typer.Typer(no_args_is_help=True, help="Phiên họp Hội đồng.")
ballot_app = typer.Typer(no_args_is_help=True, help="Bỏ phiếu kín.")
Member = Annotated[list[str], typer.Option(help="Số hiệu (TV01) hoặc tên tài khoản")]


@app.command()
def convene(
    round_: Annotated[str, typer.Option("--round")],
    at: Annotated[str, typer.Option(help="2024-12-20T08:00:00+07:00")],
    place: Annotated[str, typer.Option()],
) -> None:
    """Triệu tập Hội đồng và gửi giấy mời."""
    when = moment(at)
    row = DOOR.act(
        "council.convene",
        round_,
        lambda s, a: council.convene(s, round_code=round_, at=when, place=place, actor=a, now=DOOR.now()),
    )
    DOOR.say({"session": row.code})


@app.command()
def members(session: str) -> None:
    """Thành viên của phiên họp."""
    with DOOR.reading() as reading:
        sitting = council.by_code(reading, session)
        DOOR.say(
            [
                {"member": m.member, "username": m.username, "teller": m.teller, "attended": m.attended}
                for m in council.members_of(reading, sitting)
            ]
        )


@app.command()
def attend(session: str, member: Member) -> None:
    """Ghi thành viên có mặt."""
    present = DOOR.act("council.attend", session, lambda s, a: council.attend(s, session, member, actor=a))
    DOOR.say({"session": session, "present": present})


@app.command()
def recuse(
    session: str,
    member: Annotated[str, typer.Option()],
    nomination: Annotated[str, typer.Option()],
    ground: Annotated[str, typer.Option(help="Lý do tránh")],
) -> None:
    """Ghi thành viên tránh một hồ sơ."""
    DOOR.act(
        "council.recuse",
        session,
        lambda s, a: council.recuse(
            s, session, member=member, nomination=nomination, ground=ground, actor=a, now=DOOR.now()
        ),
    )
    DOOR.say({"session": session, "member": member, "nomination": nomination})


@app.command()
def cancel(session: str, reason: Annotated[str, typer.Option()]) -> None:
    """Hủy phiên họp, gửi thư báo hủy."""
    DOOR.act("council.cancel", session, lambda s, a: council.cancel(s, session, reason=reason, actor=a, now=DOOR.now()))
    DOOR.say({"session": session, "cancelled": True})


@app.command("minutes")
def minutes_(session: str, out: Annotated[Path, typer.Option(help="Tệp PDF")]) -> None:
    """Biên bản họp Hội đồng."""
    from documents import papers

    with DOOR.reading() as reading:
        facts = paper_facts.of_session(reading, session)
    out.write_bytes(papers.render(papers.MinutesPaper.model_validate(facts)))
    DOOR.say({"session": session, "file": str(out)})


@ballot_app.command("open")
def open_(session: str) -> None:
    """Mở phiếu: danh sách, Quy chế và chương trình được chốt."""
    DOOR.say(DOOR.act("ballot.open", session, lambda s, a: vote.open_ballot(s, session, actor=a, now=DOOR.now())))


@ballot_app.command()
def cast(
    session: str,
    choices: Annotated[Path | None, typer.Option(help='{"mã hồ sơ": "approve|disapprove|abstain"}')] = None,
    batch: Annotated[Path | None, typer.Option(help='Mỗi dòng {"as", "choices"}')] = None,
    after_each: Annotated[str | None, typer.Option("--after-each", help="Lệnh chạy sau mỗi lần ghi")] = None,
) -> None:
    """Bỏ phiếu cho cả chương trình."""
    if (choices is None) == (batch is None):
        raise Unreadable("usage", "Dùng đúng một trong hai: --choices TỆP hoặc --batch TỆP.")
    if choices is not None:
        DOOR.say(_cast(session, _choices(read_text(choices), choices), DOOR.username, DOOR.password()))
        return
    assert batch is not None
    answers: list[dict[str, Any]] = []
    first: Refusal | None = None
    for username, mapping in _ballots(batch):  # the whole file is read before the first ballot is cast
        try:
            answers.append({"as": username} | _cast(session, mapping, username, None))
        except Refusal as refusal:
            first = first or refusal
            answers.append({"as": username} | refusal.as_json())
            continue
        if after_each:
            # The operator's own command, as a shell reads it; what it prints is no answer of ours.
            subprocess.run(after_each, shell=True, check=False, stdout=2)  # noqa: S602 -- the operator asked for a shell
        progress(f"{username}: đã bỏ phiếu")
    if first is not None:
        DOOR.end(1, first.as_json() | {"ballots": answers})
    DOOR.say(answers)


def _ballots(batch: Path) -> list[tuple[str, dict[str, str]]]:
    found = []
    for number, line in enumerate(read_text(batch).split("\n"), start=1):
        if line.strip():
            item = _json(line, batch, number)
            if not isinstance(item, dict) or not isinstance(item.get("as"), str):
                raise Unreadable("bad_ballot", f"Dòng {number} thiếu tên tài khoản (as).", where={"line": number})
            found.append((item["as"], _mapping(item.get("choices"), number)))
    return found


def _cast(session: str, choices: dict[str, str], username: str | None, password: str | None) -> dict[str, Any]:
    DOOR.username = username

    def change(opened: Any, actor: Any) -> dict[str, Any]:
        if password is not None:
            accounts.check_password(opened, actor.username, password)
        return vote.cast(opened, session, choices=choices, actor=actor)

    return DOOR.act("ballot.cast", session, change)


def _json(text: str, path: Path, line: int = 1) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else "lồng quá sâu hoặc số quá dài"
        raise Unreadable("bad_json", f"Tệp {path.name} không phải JSON: {said}.", where={"line": line}) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice would leave open which of the two is meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("duplicate_key", "Một mã hồ sơ (hoặc khóa) được ghi hai lần.")
    return found


def _choices(text: str, path: Path) -> dict[str, str]:
    return _mapping(_json(text, path), 1)


def _mapping(value: Any, line: int) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(choice, str) for choice in value.values()):
        raise Unreadable(
            "bad_ballot", 'Phiếu phải là {"mã hồ sơ": "approve|disapprove|abstain"}.', where={"line": line}
        )
    return value


@ballot_app.command()
def close(session: str) -> None:
    """Đóng phiếu."""
    DOOR.say(DOOR.act("ballot.close", session, lambda s, a: vote.close_ballot(s, session, actor=a, now=DOOR.now())))


@ballot_app.command("tally")
def tally_(session: str) -> None:
    """Kiểm phiếu và công bố kết quả."""
    DOOR.say(DOOR.act("ballot.tally", session, lambda s, a: vote.tally_ballot(s, session, actor=a, now=DOOR.now())))
