"""`vinhdanh ballot …`: the sealed ballot, and the open and the paper one where the regulation asks for them."""

import json
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.door import DOOR, Code, progress, read_text
from models.database import Session
from operations.access import Actor
from operations.council_vote import ballot_check, counting, sessions, share_files, vote, waiting_shares
from rules.refusal import Refusal, Unreadable
from rules.vocabulary import BallotKind, SessionState

app = typer.Typer(no_args_is_help=True, help="Bỏ phiếu kín, biểu quyết công khai, phiếu giấy.")


@app.command("open")
def open_(
    session: str,
    shares: Annotated[Path | None, typer.Option(help="Thư mục nhận mỗi người kiểm phiếu một mảnh khóa")] = None,
    k: Annotated[int | None, typer.Option("--k", help="Số mảnh khóa cần để mở hòm (mặc định theo Quy chế)")] = None,
    code: Code = None,
) -> None:
    """Mở phiếu: danh sách, Quy chế và chương trình được chốt; phiếu kín được niêm phong bằng khóa chia cho tổ kiểm phiếu.

    Không có --shares thì từng người kiểm phiếu tự nhận mảnh của mình: `vinhdanh ballot share`, hoặc trang phiên họp.
    """
    plan = _prospect(session, k)
    DOOR.code = code
    if plan.kind != BallotKind.SECRET:
        DOOR.say(_open(session) | {"shares": []})
        return
    if shares is None:
        DOOR.say(_open_and_keep(session, k) | {"shares": []})
        return
    with share_files.folder_held(shares):
        plan = _prospect(session, k)  # again: another opening may have come first
        public_key, texts = plan.new_key()
        paths = share_files.write(shares, session, texts)
        answer = _open(session, public_key=public_key, shares_needed=plan.needed)
    if shares.resolve().is_relative_to(DOOR.folder.resolve()):
        answer["warnings"].append(
            "Thư mục mảnh khóa nằm trong thư mục dữ liệu: hãy chuyển từng mảnh cho người kiểm phiếu và xóa tại đây."
        )
    DOOR.say(answer | {"shares": [str(path) for path in paths]})


def _prospect(session: str, k: int | None) -> vote.Prospect:
    return DOOR.act("ballot.open", session, lambda s, a: vote.prospect(s, session, actor=a, shares_needed=k))


def _open_and_keep(session: str, k: int | None) -> dict[str, Any]:
    """Open; the tellers' shares wait in the installation."""

    def change(opening: Session, actor: Actor) -> dict[str, Any]:
        plan = vote.prospect(opening, session, actor=actor, shares_needed=k)
        public_key, texts = plan.new_key()
        key: dict[str, Any] = {"public_key": public_key, "shares_needed": plan.needed}
        answer = vote.open_ballot(opening, session, actor=actor, now=DOOR.now(), **key)
        waiting_shares.keep(opening, DOOR.installation.folder, session, texts, by=actor.username)
        return answer

    return DOOR.act("ballot.open", session, change)


@app.command("share")
def share_(
    session: str,
    out: Annotated[Path, typer.Option(help="Tệp nhận mảnh khóa, chưa có sẵn")],
    code: Code = None,
) -> None:
    """Người kiểm phiếu nhận mảnh khóa của chính mình, một lần; mật khẩu qua --password-stdin hoặc VINHDANH_PASSWORD."""
    DOOR.prove(code, always=True)
    folder = DOOR.installation.folder

    def change(taking: Session, actor: Actor) -> str:
        text = waiting_shares.take(taking, folder, session, actor=actor, now=DOOR.now())
        share_files.write_one(out, text)  # on the disk before the waiting share is removed
        return actor.username

    username = DOOR.act("ballot.share", session, change)
    waiting_shares.forget(folder, session, username)
    DOOR.say({"session": session, "share": str(out)})


def _open(session: str, **key: Any) -> dict[str, Any]:
    return DOOR.act("ballot.open", session, lambda s, a: vote.open_ballot(s, session, actor=a, now=DOOR.now(), **key))


@app.command()
def cast(
    session: str,
    choices: Annotated[Path | None, typer.Option(help='{"mã hồ sơ": "approve|disapprove|abstain"}')] = None,
    batch: Annotated[Path | None, typer.Option(help='Mỗi dòng {"as", "choices"}')] = None,
    after_each: Annotated[
        str | None,
        typer.Option(
            "--after-each",
            help="Lệnh chạy sau mỗi phiếu đã ghi; lệnh trả mã khác 0 thì dừng tại đó, phiếu đã ghi vẫn giữ (mã thoát 2)",
        ),
    ] = None,
    code: Code = None,
) -> None:
    """Bỏ phiếu cho cả chương trình; mật khẩu qua --password-stdin hoặc VINHDANH_PASSWORD."""
    if (choices is None) == (batch is None):
        raise Unreadable("usage", "Dùng đúng một trong hai: --choices TỆP hoặc --batch TỆP.")
    if choices is not None:
        said = _mapping(_json(read_text(choices), choices), 1)
        DOOR.prove(code)
        DOOR.say(_cast(session, said))
        return
    assert batch is not None
    answers: list[dict[str, Any]] = []
    first: Refusal | None = None
    lines = _ballots(batch)  # the whole file is read before the first ballot is cast
    for username, mapping in lines:
        DOOR.username = username
        try:
            answers.append({"as": username} | _cast(session, mapping, station=True))
        except Refusal as refusal:
            first = first or refusal
            answers.append({"as": username} | refusal.as_json())
            continue
        progress(f"{username}: đã bỏ phiếu")
        if after_each:
            # The operator's own command, as a shell reads it; what it prints is no answer of ours.
            ran = subprocess.run(after_each, shell=True, check=False, stdout=2)  # noqa: S602 -- the operator asked for a shell
            if ran.returncode:
                failed = _after_each_failed(username, ran.returncode, len(answers) < len(lines))
                DOOR.end(2, failed.as_json() | {"ballots": answers})
    if first is not None:
        DOOR.end(1, first.as_json() | {"ballots": answers})
    DOOR.say(answers)


def _after_each_failed(username: str, code: int, more: bool) -> Unreadable:
    rest = "các dòng sau đó chưa được bỏ" if more else "đó là dòng cuối"
    return Unreadable(
        "after_each_failed",
        f"Lệnh --after-each kết thúc với mã {code} sau phiếu của «{username}» nên dừng lại: phiếu đó và các phiếu trước "
        f"đã được ghi, {rest}. Hãy sửa lệnh rồi chạy lại cả tệp: ai đã bỏ phiếu thì không bỏ được lần nữa.",
        where={"as": username, "exit": code},
    )


def _cast(session: str, choices: dict[str, str], *, station: bool = False) -> dict[str, Any]:
    """One ballot; a batch is the polling station's, watched by people, and asks for no password."""
    return DOOR.act(
        "ballot.cast", session, lambda s, a: vote.cast(s, session, choices=choices, actor=a), station=station
    )


def _ballots(batch: Path) -> list[tuple[str, dict[str, str]]]:
    found = []
    for number, line in enumerate(read_text(batch).split("\n"), start=1):
        if line.strip():
            item = _json(line, batch, number)
            if not isinstance(item, dict) or not isinstance(item.get("as"), str):
                raise Unreadable("bad_ballot", f"Dòng {number} thiếu tên tài khoản (as).", where={"line": number})
            found.append((item["as"], _mapping(item.get("choices"), number)))
    return found


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


def _mapping(value: Any, line: int) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(choice, str) for choice in value.values()):
        raise Unreadable(
            "bad_ballot", 'Phiếu phải là {"mã hồ sơ": "approve|disapprove|abstain"}.', where={"line": line}
        )
    return value


@app.command("sign-roll")
def sign_roll(
    session: str,
    member: Annotated[list[str], typer.Option(help="Số hiệu (TV01) hoặc tên tài khoản")],
    code: Code = None,
) -> None:
    """Phiếu giấy: ghi thành viên đã nhận phiếu và ký danh sách."""
    DOOR.code = code
    signed = DOOR.act("ballot.sign_roll", session, lambda s, a: vote.sign_roll(s, session, member, actor=a))
    DOOR.say({"session": session, "roll": signed})


@app.command()
def close(session: str, code: Code = None) -> None:
    """Đóng phiếu, công bố các biên nhận."""
    DOOR.code = code
    DOOR.say(DOOR.act("ballot.close", session, lambda s, a: vote.close_ballot(s, session, actor=a, now=DOOR.now())))


@app.command()
def annul(session: str, reason: Annotated[str, typer.Option()], code: Code = None) -> None:
    """Hủy cuộc bỏ phiếu chưa kiểm (mất mảnh khóa, hòm bị sửa); hồ sơ chờ Hội đồng bỏ phiếu lại."""
    DOOR.code = code
    DOOR.say(
        DOOR.act(
            "ballot.annul",
            session,
            lambda s, a: vote.annul_ballot(s, session, reason=reason, actor=a, now=DOOR.now()),
        )
    )


@app.command()
def count(
    session: str,
    counts: Annotated[Path, typer.Option(help='{"mã hồ sơ": [tán thành, không, trắng]}')],
    code: Code = None,
) -> None:
    """Phiếu giấy: nhập bản đếm của một người kiểm phiếu."""
    numbers = _json(read_text(counts), counts)
    if not isinstance(numbers, dict) or not all(_is_count(one) for one in numbers.values()):
        raise Unreadable("bad_counts", 'Bản đếm phải là {"mã hồ sơ": [tán thành, không tán thành, không ý kiến]}.')
    DOOR.code = code
    entered = DOOR.act(
        "ballot.count",
        session,
        lambda s, a: counting.enter_count(s, session, counts=numbers, actor=a, now=DOOR.now()),
    )
    DOOR.say({"session": session, "counts": entered})


def _is_count(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(type(n) is int and 0 <= n <= 1000 for n in value)


@app.command("tally")
def tally_(
    session: str,
    share: Annotated[list[Path] | None, typer.Option(help="Mảnh khóa của một người kiểm phiếu; lặp lại")] = None,
    code: Code = None,
) -> None:
    """Kiểm phiếu và công bố kết quả; phiếu kín cần đủ mảnh khóa của những người kiểm phiếu khác nhau."""
    texts = [_share(path) for path in share or []]
    DOOR.code = code
    answer = DOOR.act(
        "ballot.tally",
        session,
        lambda s, a: counting.tally_ballot(
            s, session, shares=share_files.parse(texts, session), actor=a, now=DOOR.now()
        ),
    )
    if texts:
        progress("Đã kiểm phiếu. Người kiểm phiếu hãy xóa mảnh khóa của mình: không còn cần đến nữa.")
    DOOR.say(answer)


def _share(path: Path) -> str:
    """A file's text; a share that is no text at all is a wrong share, not a broken command."""
    try:
        return path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError:
        return read_text(path)  # says why


@app.command("verify")
def verify_(
    session: str,
    receipt: Annotated[str | None, typer.Option(help="Biên nhận của một phiếu")] = None,
    batch: Annotated[Path | None, typer.Option(help="Bảng phiếu đã công bố, như ballot tally in ra")] = None,
) -> None:
    """Đếm lại từ bảng phiếu đã công bố; kiểm tra một biên nhận có trong hòm."""
    published = None if batch is None else _json(read_text(batch), batch)
    with DOOR.reading() as reading:
        violations = ballot_check.verify(reading, session, receipt=receipt, batch=published)
        counted = sessions.by_code(reading, session).state == SessionState.TALLIED
    if violations:
        DOOR.end(3, {"violations": violations})
    DOOR.say({"matches": True, "counted": counted} | ({"receipt": "included"} if receipt is not None else {}))
