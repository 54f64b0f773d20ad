"""`vinhdanh nominations …`: intake, and the acts on single dossiers or lists of them."""

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.door import DOOR, day, read_bytes
from models.database import Session
from operations import files
from operations.access import Actor
from operations.home_affairs_review import correcting, review
from operations.home_affairs_review.moves import MOVES
from operations.transition import Result
from operations.unit_proposal import attachments, intake, mending
from operations.unit_proposal.proposal import Checked, Filed, RowErrors
from operations.views import nominations, timeline
from rules.lifecycle import Action
from rules.refusal import Unreadable

app = typer.Typer(no_args_is_help=True, help="Hồ sơ đề nghị khen thưởng.")
Codes = Annotated[list[str], typer.Argument(help="Mã hồ sơ, ví dụ DN-2024-000001")]
Reason = Annotated[str, typer.Option(help="Lý do, kèm điều khoản")]


@app.command()
def template(file: Path) -> None:
    """Ghi tệp Excel mẫu có danh sách chọn sẵn."""
    if file.suffix.lower() != ".xlsx":
        raise Unreadable("bad_name", "Tên tệp mẫu phải có đuôi .xlsx.", where={"file": str(file)})
    intake.template(file)
    DOOR.say({"file": str(file)})


@app.command("import")
def import_(
    file: Path,
    round_: Annotated[str, typer.Option("--round", help="Mã đợt xét")],
    unit: Annotated[str, typer.Option(help="Mã đơn vị")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ kiểm tra, không lưu")] = False,
    convert_legacy: Annotated[bool, typer.Option("--convert-legacy", help="Chuyển chữ TCVN3/VNI sang Unicode")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Lưu bản nháp, chưa nộp")] = False,
    reason: Annotated[str | None, typer.Option(help="Vì sao nộp sau hạn, khi đã quá hạn nhận đề nghị")] = None,
) -> None:
    """Nhập danh sách đề nghị của một đơn vị và nộp cho Phòng Nội vụ: tất cả hoặc không dòng nào."""
    installation = DOOR.installation
    book = intake.read(file, convert_legacy=convert_legacy)

    def store(session: Session, actor: Actor) -> Checked | Filed:
        about: dict[str, Any] = {"round_code": round_, "unit_code": unit, "actor": actor, "now": DOOR.now()}
        if dry_run:
            return intake.check(session, book, **about)
        return intake.store(
            session,
            book,
            file,
            keep=lambda content: files.keep(installation.folder, content),
            submit=not draft,
            reason=reason,
            **about,
        )

    found: Checked | Filed
    try:
        found = DOOR.act("nominations.import", f"{round_}/{unit}", store)
    except RowErrors as only:
        found = only.checked
    answer = intake.answer(book, found)
    if answer["errors"]:
        DOOR.end(1, answer)
    DOOR.say(answer)


@app.command("list")
def list_(round_: Annotated[str | None, typer.Option("--round")] = None) -> None:
    """Danh sách hồ sơ."""
    with DOOR.reading() as session:
        DOOR.say(nominations.listing(session, round_code=round_))


@app.command()
def show(code: str) -> None:
    """Một hồ sơ: kết luận thẩm định và toàn bộ diễn biến."""
    with DOOR.reading() as session:
        DOOR.say(timeline.of_nomination(session, code, actor=DOOR.known(session)))


def each(verb: str, codes: Sequence[str], change: Callable[[Session, Actor], list[Result]]) -> None:
    results = DOOR.act(verb, ",".join(codes[:5]), change)
    refused = [result for result in results if result.refusal is not None]
    answer: dict[str, Any] = {
        "done": [{"code": result.code, "state": result.state} for result in results if result.refusal is None],
        "not_done": refusals(refused),
    }
    if len(refused) == len(results) and refused[0].refusal:
        first = refused[0].refusal
        if len(refused) > 1:
            first.details = {**first.details, "not_done": answer["not_done"]}
        raise first
    DOOR.say(answer)


def refusals(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Which nomination was refused, and why."""
    return [{"code": r.code, "why": r.refusal.as_json()["refused"]} for r in results if r.refusal]


def _move(
    action: Action,
    codes: Sequence[str],
    *,
    reason: str | None = None,
    ground: str | None = None,
    document: str | None = None,
) -> None:
    move = MOVES[action]
    each(
        f"nominations.{move.word}",
        codes,
        lambda session, actor: move.do(
            session, codes, actor=actor, now=DOOR.now(), reason=reason, ground=ground, document=document
        ),
    )


@app.command()
def submit(
    codes: Codes,
    reason: Annotated[str | None, typer.Option(help="Vì sao nộp sau hạn, khi đã quá hạn nhận đề nghị")] = None,
) -> None:
    """Nộp bản nháp hoặc nộp lại hồ sơ đã bổ sung; nộp sau hạn vẫn nhận và được ghi là nộp muộn."""
    _move(Action.SUBMIT, codes, reason=reason)


@app.command()
def withdraw(codes: Codes, reason: Reason) -> None:
    """Đơn vị rút hồ sơ."""
    _move(Action.WITHDRAW, codes, reason=reason)


@app.command()
def decline(
    codes: Codes,
    reason: Reason,
    document: Annotated[str | None, typer.Option(help="Văn bản của người được đề nghị: số, ngày")] = None,
) -> None:
    """Người được đề nghị không nhận khen thưởng: ở khâu nào cũng ghi được, hồ sơ kết thúc."""
    _move(Action.DECLINE, codes, reason=reason, document=document)


@app.command()
def correct(
    code: str,
    reason: Annotated[str, typer.Option(help="Sai ở đâu, theo giấy tờ nào")],
    name: Annotated[str | None, typer.Option(help="Tên người, tập thể được đề nghị")] = None,
    honorific: Annotated[str | None, typer.Option(help='Ông, Bà, chức danh; để trống ("") thì bỏ')] = None,
    position: Annotated[str | None, typer.Option(help="Chức vụ")] = None,
    workplace: Annotated[str | None, typer.Option(help="Nơi công tác")] = None,
    gender: Annotated[str | None, typer.Option(help="Nam, Nữ")] = None,
    ethnicity: Annotated[str | None, typer.Option(help="Dân tộc")] = None,
    birth_date: Annotated[str | None, typer.Option(help="Ngày sinh, 1985-09-05")] = None,
    email: Annotated[str | None, typer.Option(help='Thư điện tử; để trống ("") thì bỏ')] = None,
) -> None:
    """Phòng Nội vụ đính chính chỗ viết sai về người được đề nghị, sau khi nộp và trước khi ký; không bỏ phiếu lại."""
    person = _person(
        birth_date, name=name, honorific=honorific, position=position, workplace=workplace, gender=gender,
        ethnicity=ethnicity, email=email,
    )  # fmt: skip
    if not person:
        raise Unreadable(
            "usage",
            "Chưa nêu đính chính gì: dùng --name, --honorific, --position, --workplace, --gender, --ethnicity, "
            "--birth-date hoặc --email.",
        )
    changed = DOOR.act(
        "nominations.correct",
        code,
        lambda s, a: correcting.correct(s, code, person=person, reason=reason, actor=a, now=DOOR.now()),
    )
    DOOR.say({"code": code, "corrected": changed})


@app.command()
def mend(
    code: str,
    achievement: Annotated[str | None, typer.Option()] = None,
    rating: Annotated[str | None, typer.Option(help="HTXSNV HTTNV HTNV KHTNV")] = None,
    initiative: Annotated[str | None, typer.Option()] = None,
    part: Annotated[list[str] | None, typer.Option(help="Thành phần hồ sơ có kèm theo")] = None,
    name: Annotated[str | None, typer.Option(help="Tên người, tập thể được đề nghị")] = None,
    honorific: Annotated[str | None, typer.Option(help='Ông, Bà, chức danh; để trống ("") thì bỏ')] = None,
    position: Annotated[str | None, typer.Option(help="Chức vụ")] = None,
    workplace: Annotated[str | None, typer.Option(help="Nơi công tác")] = None,
    gender: Annotated[str | None, typer.Option(help="Nam, Nữ")] = None,
    ethnicity: Annotated[str | None, typer.Option(help="Dân tộc")] = None,
    birth_date: Annotated[str | None, typer.Option(help="Ngày sinh, 1985-09-05")] = None,
    email: Annotated[str | None, typer.Option(help='Thư điện tử; để trống ("") thì bỏ')] = None,
    another: Annotated[bool, typer.Option("--another", help="Là người khác, chỉ trùng hoặc gần trùng tên")] = False,
) -> None:
    """Sửa, bổ sung một hồ sơ bị trả lại hoặc bản nháp; cả tên, thông tin người được đề nghị."""
    changes = {"achievement": achievement, "rating": rating, "initiative": initiative}
    given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    if part:
        given["parts"] = ",".join(intake.parts(part))
    person = _person(
        birth_date, name=name, honorific=honorific, position=position, workplace=workplace, gender=gender,
        ethnicity=ethnicity, email=email,
    )  # fmt: skip
    if not given and not person:
        raise Unreadable(
            "usage",
            "Chưa nêu sửa gì: dùng --achievement, --rating, --initiative, --part, --name, --honorific, --position, "
            "--workplace, --gender, --ethnicity, --birth-date hoặc --email.",
        )
    DOOR.act(
        "nominations.mend",
        code,
        lambda s, a: mending.mend(s, code, actor=a, now=DOOR.now(), person=person, another=another, **given),
    )
    DOOR.say({"code": code, "mended": sorted([*given, *person])})


def _person(birth_date: str | None, **texts: str | None) -> dict[str, Any]:
    """The given details of a nominee: options that were not given are absent, emptied ones present."""
    found: dict[str, Any] = {
        field: unicodedata.normalize("NFC", text) for field, text in texts.items() if text is not None
    }
    if birth_date is not None:
        found["birth_date"] = day(birth_date) if birth_date else None
    return found


@app.command()
def attach(
    code: str,
    file: Path,
    part: Annotated[str, typer.Option(help=f"Loại giấy tờ: {', '.join(attachments.PARTS)}")] = attachments.OTHER,
    whole_dossier: Annotated[bool, typer.Option("--whole-dossier", help="Kèm theo cả tờ trình")] = False,
) -> None:
    """Kèm một bản quét (PDF, JPEG, PNG) vào hồ sơ chưa thẩm định xong."""
    content = read_bytes(file)
    kind = attachments.media_type(content)
    installation = DOOR.installation

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        attachments.require_open(session, code, actor=actor)
        sha256 = files.digest(content)
        stored = files.row(sha256, size=len(content), media_type=kind, name=attachments.file_name(file.name))
        added = attachments.add(
            session, code, part=part, stored=stored, whole=whole_dossier, actor=actor, now=DOOR.now()
        )
        files.keep(installation.folder, content)
        return {"code": code, "number": added.number, "sha256": sha256}

    DOOR.say(DOOR.act("nominations.attach", code, change))


@app.command("attachments")
def attachments_(code: str) -> None:
    """Liệt kê các bản quét kèm theo một hồ sơ."""
    with DOOR.reading() as session:
        DOOR.say(attachments.of(session, code, actor=DOOR.actor(session)))


@app.command()
def detach(code: str, number: int) -> None:
    """Rút một bản quét đã kèm: nội dung bị xóa, diễn biến vẫn ghi."""
    sha256 = DOOR.act(
        "nominations.detach", code, lambda s, a: attachments.remove(s, code, number, actor=a, now=DOOR.now())
    )
    with DOOR.reading() as session:
        files.release(session, DOOR.installation.folder, sha256)
    DOOR.say({"code": code, "removed": number})


@app.command("pass")
def pass_(codes: Codes, reason: Annotated[str | None, typer.Option()] = None) -> None:
    """Phòng Nội vụ kết luận đủ điều kiện."""
    _move(Action.PASS, codes, reason=reason)


@app.command("return")
def return_(codes: Codes, reason: Reason) -> None:
    """Trả lại đơn vị để bổ sung."""
    _move(Action.RETURN, codes, reason=reason)


@app.command()
def ineligible(codes: Codes, reason: Reason) -> None:
    """Kết luận không đủ điều kiện."""
    _move(Action.FIND_INELIGIBLE, codes, reason=reason)


@app.command()
def pause(
    codes: Codes, reason: Reason, ground: Annotated[str, typer.Option(help=" ".join(review.PAUSE_GROUNDS))]
) -> None:
    """Tạm dừng, chờ kết luận khiếu nại, thanh tra, kỷ luật…"""
    _move(Action.PAUSE, codes, reason=reason, ground=ground)


@app.command()
def resume(codes: Codes, reason: Reason) -> None:
    """Tiếp tục xem xét sau khi có kết luận."""
    _move(Action.RESUME, codes, reason=reason)
