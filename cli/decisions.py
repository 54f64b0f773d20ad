"""`vinhdanh decisions …`: what waits for signature, signing, publishing, revoking."""

from typing import Annotated

import typer

from cli.door import DOOR, Code, day
from cli.nominations import Codes, Reason, each, refusals
from models.database import Session
from operations.access import Actor
from operations.chairman_signature import signature
from operations.public_disclosure import disclosure, paper_numbers
from operations.views import nominations
from rules.lifecycle import State

app = typer.Typer(no_args_is_help=True, help="Quyết định, tờ trình, công khai, thu hồi.")


@app.command("list")
def list_() -> None:
    """Các quyết định đã ký."""
    with DOOR.reading() as session:
        DOOR.say(disclosure.decisions(session))


@app.command()
def show(number: str) -> None:
    """Một quyết định và những ai được khen thưởng."""
    with DOOR.reading() as session:
        row = paper_numbers.decision(session, number)
        DOOR.say(disclosure.summary(row) | {"awardees": disclosure.awardees(session, row)})


@app.command()
def waiting(round_: Annotated[str, typer.Option("--round")]) -> None:
    """Hồ sơ đang chờ ký."""
    with DOOR.reading() as session:
        rows = nominations.listing(session, round_code=round_)
    DOOR.say([row for row in rows if row["state"] == State.RECOMMENDED])


@app.command()
def sign(codes: Codes, code: Code = None) -> None:
    """Chủ tịch ký: quyết định thuộc thẩm quyền, tờ trình với phần cấp trên quyết định; nhập lại mật khẩu."""
    DOOR.prove(code)
    signed = DOOR.act("decisions.sign", codes[0], lambda s, a: signature.sign(s, codes, actor=a, now=DOOR.now()))
    refused = [result for result in signed.results if result.refusal is not None]
    if len(refused) == len(codes) == 1 and refused[0].refusal:
        raise refused[0].refusal
    DOOR.say(
        {
            "decisions": list(signed.decisions),
            "submission_letters": list(signed.letters),
            "not_done": refusals(refused),
        }
    )


@app.command("send-back")
def send_back(codes: Codes, reason: Reason, code: Code = None) -> None:
    """Trả lại Phòng Nội vụ; nhập lại mật khẩu."""
    DOOR.prove(code)
    each(
        "decisions.send_back", codes, lambda s, a: signature.send_back(s, codes, reason=reason, actor=a, now=DOOR.now())
    )


@app.command()
def refuse(codes: Codes, reason: Reason, code: Code = None) -> None:
    """Chủ tịch không đồng ý khen thưởng; nhập lại mật khẩu."""
    DOOR.prove(code)
    each("decisions.refuse", codes, lambda s, a: signature.refuse(s, codes, reason=reason, actor=a, now=DOOR.now()))


@app.command()
def answer(
    letter: str,
    number: Annotated[str, typer.Option(help="Số văn bản trả lời của cấp trên")],
    on: Annotated[str, typer.Option(help="YYYY-MM-DD")],
    refused: Annotated[list[str] | None, typer.Option(help="Mã hồ sơ không được khen")] = None,
    reason: Annotated[str, typer.Option()] = "",
) -> None:
    """Ghi nhận trả lời của cấp trên cho một tờ trình."""
    answered = day(on)
    row = DOOR.act(
        "decisions.answer",
        letter,
        lambda s, a: disclosure.record_answer(
            s, letter, number=number, on=answered, refused=refused or [], reason=reason, actor=a, now=DOOR.now()
        ),
    )
    DOOR.say({"letter": row.code, "answer": row.answer})


@app.command()
def disclose(number: str, code: Code = None) -> None:
    """Công khai một quyết định (hoặc kết quả của một tờ trình); nhập lại mật khẩu."""
    DOOR.code = code

    def publish(session: Session, actor: Actor) -> int:
        found = paper_numbers.paper(session, number).code  # a symbol is no address
        url = f"{DOOR.installation.base_url}/decisions/{found}"
        return disclosure.disclose(session, number, actor=actor, now=DOOR.now(), url=url)

    DOOR.say({"number": number, "disclosed": DOOR.act("decisions.disclose", number, publish)})


@app.command()
def revoke(
    number: str,
    reason: Annotated[str, typer.Option()],
    ground: Annotated[str, typer.Option(help=" ".join(disclosure.REVOCATION_GROUNDS))],
    nomination: Annotated[list[str] | None, typer.Option(help="Chỉ những hồ sơ này; không nêu: cả quyết định")] = None,
    code: Code = None,
) -> None:
    """Hủy bỏ một quyết định (Điều 93), hoặc chỉ đối với một số trường hợp; nhập lại mật khẩu."""
    DOOR.prove(code)
    row = DOOR.act(
        "decisions.revoke",
        number,
        lambda s, a: disclosure.revoke(
            s, number, ground=ground, reason=reason, nominations=nomination or [], actor=a, now=DOOR.now()
        ),
    )
    DOOR.say(disclosure.summary(row))
