"""`vinhdanh unit|account|role|authorise|token …`: the office as data, changed by audited verbs."""

from datetime import datetime
from typing import Annotated, Any

import typer

from cli.door import DOOR, Code, day
from operations.people import (
    account_requests,
    accounts,
    authorisations,
    four_eyes,
    identities,
    links,
    roles,
    second_factor,
    tokens,
    units,
)
from operations.people.four_eyes import Waiting
from rules.refusal import Unreadable

unit_app = typer.Typer(no_args_is_help=True, help="Đơn vị.")
account_app = typer.Typer(no_args_is_help=True, help="Tài khoản.")
role_app = typer.Typer(no_args_is_help=True, help="Vai trò.")
authorise_app = typer.Typer(invoke_without_command=True, help="Ủy quyền ký.")
token_app = typer.Typer(no_args_is_help=True, help="Mã truy cập cho chương trình.")

Document = Annotated[str, typer.Option(help="Số văn bản làm căn cứ")]


# Units


@unit_app.command("add")
def add_unit(
    code: Annotated[str, typer.Option(help="Mã: chữ in hoa không dấu, số")],
    name: Annotated[str, typer.Option()],
    level: Annotated[str, typer.Option(help="commune | district | province")],
    from_: Annotated[str, typer.Option("--from", help="Có từ ngày")],
    email: Annotated[str | None, typer.Option()] = None,
    office: Annotated[bool, typer.Option("--office", help="Là cơ quan có Hội đồng, người ký ở đây")] = False,
) -> None:
    """Khai báo đơn vị hoặc chính cơ quan."""
    since = day(from_)
    DOOR.act(
        "unit.add",
        code,
        lambda s, a: units.add(
            s, code=code, name=name, level=level, email=email, valid_from=since, is_office=office, actor=a
        ),
    )
    DOOR.say({"unit": code})


@unit_app.command("end")
def end_unit(
    code: str,
    on: Annotated[str, typer.Option(help="Ngày đầu tiên không còn đơn vị")],
    successor: Annotated[str | None, typer.Option(help="Mã đơn vị kế thừa")] = None,
) -> None:
    """Kết thúc đơn vị do sắp xếp, giải thể."""
    last = day(on)
    DOOR.act("unit.end", code, lambda s, a: units.end(s, code, on=last, successor=successor, actor=a))
    DOOR.say({"unit": code, "to": last.isoformat()})


@unit_app.command("list")
def list_units() -> None:
    """Các đơn vị."""
    with DOOR.reading() as session:
        DOOR.say(units.listing(session))


# Accounts


@account_app.command("add")
def add_account(
    username: Annotated[str, typer.Option()],
    name: Annotated[str, typer.Option(help="Họ và tên")],
    email: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Thêm tài khoản, chưa có vai trò và mật khẩu."""
    DOOR.act(
        "account.add",
        username,
        lambda s, a: accounts.add(s, username=username, name=name, email=email, actor=a),
    )
    DOOR.say({"username": username})


@account_app.command()
def invite(username: str) -> None:
    """Cấp đường dẫn đặt mật khẩu, dùng một lần; với người giữ vai trò quyết định thì chờ xác nhận mới mở."""
    link, until, asked = DOOR.act(
        "account.invite", username, lambda s, a: links.invite(s, username, actor=a, now=DOOR.now())
    )
    address = f"{DOOR.installation.base_url}/first/{link}"
    expires = until.isoformat(timespec="seconds")
    DOOR.say({"username": username, "first_sign_in": address, "expires": expires} | _waits(asked))


def _waits(asked: Waiting | None) -> dict[str, Any]:
    """Which request waits, and for whom; nothing where none does."""
    return {} if asked is None else {"request": asked.number, "waits_for": [username for username, _ in asked.others]}


@account_app.command("requests")
def list_requests() -> None:
    """Việc với tài khoản đang chờ người khác xác nhận."""
    with DOOR.reading() as session:
        rows = four_eyes.waiting(session, now=DOOR.now())
    DOOR.say(
        [
            {"request": one.number, "act": one.act, "username": one.username, "issuer": one.issuer, "subject": one.subject,
             **{key: said for key, said in one.gives.items() if key != "act"},
             "asked_by": one.asked_by, "expires": one.until.isoformat(timespec="seconds"),
             "waits_for": [username for username, _ in one.others]}
            for one in rows
        ]
    )  # fmt: skip


@account_app.command("confirm")
def confirm_request(number: int, code: Code = None) -> None:
    """Xác nhận việc với tài khoản người khác, sau khi hỏi trực tiếp chủ tài khoản; mật khẩu qua --password-stdin hoặc VINHDANH_PASSWORD."""
    DOOR.prove(code, always=True)
    asked = DOOR.act(
        "account.confirm", str(number), lambda s, a: account_requests.confirm(s, number, actor=a, now=DOOR.now())
    )
    DOOR.say({"request": number, "act": asked.act, "username": asked.username, "confirmed": True})


@account_app.command("decline")
def decline_request(number: int, code: Code = None) -> None:
    """Từ chối việc với tài khoản người khác; mật khẩu qua --password-stdin hoặc VINHDANH_PASSWORD."""
    DOOR.prove(code, always=True)
    asked = DOOR.act(
        "account.decline", str(number), lambda s, a: account_requests.decline(s, number, actor=a, now=DOOR.now())
    )
    DOOR.say({"request": number, "act": asked.act, "username": asked.username, "confirmed": False})


@account_app.command()
def redeem(link: str) -> None:
    """Đặt mật khẩu bằng đường dẫn; mật khẩu qua --password-stdin hoặc VINHDANH_PASSWORD."""
    password = DOOR.password()
    if not password:
        raise Unreadable("usage", "Đưa mật khẩu mới qua --password-stdin hoặc VINHDANH_PASSWORD.")
    secret = link.rstrip("/").rsplit("/", 1)[-1]
    DOOR.say({"username": links.redeem(DOOR.installation.database, secret, password=password, now=DOOR.now())})


@account_app.command()
def disable(username: str) -> None:
    """Khóa tài khoản: phiên làm việc và mã truy cập mất hiệu lực ngay."""
    DOOR.act("account.disable", username, lambda s, a: accounts.disable(s, username, actor=a, now=DOOR.now()))
    DOOR.say({"username": username, "disabled": True})


@account_app.command()
def enable(username: str) -> None:
    """Mở khóa tài khoản."""
    DOOR.act("account.enable", username, lambda s, a: accounts.enable(s, username, actor=a, now=DOOR.now()))
    DOOR.say({"username": username, "disabled": False})


@account_app.command("reset-second-factor")
def reset_second_factor(username: str) -> None:
    """Gỡ xác nhận hai lớp của người mất thiết bị."""
    asked = DOOR.act(
        "account.reset_second_factor",
        username,
        lambda s, a: second_factor.reset(s, username, actor=a, now=DOOR.now()),
    )
    DOOR.say({"username": username, "second_factor": asked is not None} | _waits(asked))


@account_app.command("link-identity")
def link_identity(
    username: str,
    issuer: Annotated[str, typer.Option(help="Địa chỉ nơi cấp danh tính (OpenID Connect)")],
    subject: Annotated[str, typer.Option(help="Mã người dùng ở nơi đó (sub)")],
) -> None:
    """Gắn tài khoản với danh tính ở nơi khác."""
    asked = DOOR.act(
        "account.link_identity",
        username,
        lambda s, a: identities.link(s, username, issuer=issuer, subject=subject, actor=a, now=DOOR.now()),
    )
    DOOR.say({"username": username, "issuer": issuer, "subject": subject} | _waits(asked))


@account_app.command("unlink-identities")
def unlink_identities(username: str) -> None:
    """Gỡ mọi danh tính ở nơi khác."""
    DOOR.act(
        "account.unlink_identities",
        username,
        lambda s, a: identities.unlink(s, username, actor=a, now=DOOR.now()),
    )
    DOOR.say({"username": username})


@account_app.command("list")
def list_accounts() -> None:
    """Các tài khoản và vai trò hôm nay."""
    with DOOR.reading() as session:
        DOOR.say([_plain(row) for row in accounts.listing(session, now=DOOR.now())])


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}


# Roles


@role_app.command("grant")
def grant(
    account: Annotated[str, typer.Option()],
    role: Annotated[str, typer.Option(help="unit_officer, reviewer, secretary, chairman…")],
    document: Document,
    from_: Annotated[str, typer.Option("--from", help="Từ ngày")],
    unit: Annotated[str | None, typer.Option(help="Mã đơn vị, cho vai trò của đơn vị")] = None,
) -> None:
    """Cấp vai trò theo văn bản; vai trò có quyền quyết định thì chờ thư ký hoặc chủ tịch xác nhận."""
    since = day(from_)
    asked = DOOR.act(
        "role.grant",
        f"{account}/{role}",
        lambda s, a: roles.grant(
            s, account, role, unit=unit, document=document, valid_from=since, actor=a, now=DOOR.now()
        ),
    )
    DOOR.say({"username": account, "role": role, "unit": unit, "from": since.isoformat()} | _waits(asked))


@role_app.command("end")
def end_grant(
    account: Annotated[str, typer.Option()],
    role: Annotated[str, typer.Option()],
    on: Annotated[str, typer.Option(help="Ngày đầu tiên không còn vai trò")],
    unit: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Kết thúc vai trò."""
    last = day(on)
    DOOR.act(
        "role.end",
        f"{account}/{role}",
        lambda s, a: roles.end(s, account, role, unit=unit, on=last, actor=a, now=DOOR.now()),
    )
    DOOR.say({"username": account, "role": role, "unit": unit, "to": last.isoformat()})


# Authorisations


@authorise_app.callback()
def authorise(
    context: typer.Context,
    deputy: Annotated[str | None, typer.Option(help="Tài khoản cấp phó")] = None,
    document: Annotated[str | None, typer.Option(help="Số văn bản ủy quyền")] = None,
    scope: Annotated[str | None, typer.Option(help="all hoặc mã các hình thức, cách nhau bằng dấu phẩy")] = None,
    from_: Annotated[str | None, typer.Option("--from")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Ngày cuối có hiệu lực")] = None,
    principal: Annotated[str | None, typer.Option(help="Người ủy quyền (bỏ trống: chính bạn)")] = None,
    code: Code = None,
) -> None:
    """Chủ tịch ủy quyền cho cấp phó ký thay, có thời hạn và phạm vi; nhập lại mật khẩu."""
    if context.invoked_subcommand is not None:
        return
    given = {"--deputy": deputy, "--document": document, "--scope": scope, "--from": from_, "--to": to}
    missing = [name for name, value in given.items() if value is None]
    if missing:
        raise Unreadable("usage", f"Thiếu {', '.join(missing)}.", where={"option": missing[0]})
    since, until = day(from_ or ""), day(to or "")
    DOOR.prove(code)
    DOOR.act(
        "authorise",
        document or "",
        lambda s, a: authorisations.authorise(
            s, deputy=deputy or "", document=document or "", scope=scope or "", valid_from=since, valid_to=until,
            principal=principal, actor=a, now=DOOR.now(),
        ),
    )  # fmt: skip
    DOOR.say(
        {"deputy": deputy, "document": document, "scope": scope, "from": since.isoformat(), "to": until.isoformat()}
    )


@authorise_app.command("end")
def end_authorisation(
    document: str,
    on: Annotated[str | None, typer.Option(help="Ngày cuối có hiệu lực (bỏ trống: dừng ngay)")] = None,
    code: Code = None,
) -> None:
    """Chấm dứt ủy quyền trước hạn; nhập lại mật khẩu."""
    last = day(on) if on else None
    DOOR.prove(code)
    row = DOOR.act(
        "authorise.end",
        document,
        lambda s, a: authorisations.end(s, document, on=last, actor=a, now=DOOR.now()),
    )
    DOOR.say({"document": document, "to": row.valid_to.isoformat()})


@authorise_app.command("list")
def list_authorisations() -> None:
    """Các văn bản ủy quyền."""
    with DOOR.reading() as session:
        DOOR.say(authorisations.listing(session))


# Tokens


@token_app.command("create")
def create_token(
    scope: Annotated[str, typer.Option(help="read | write")],
    days: Annotated[int, typer.Option(help="Số ngày, nhiều nhất 366")],
) -> None:
    """Cấp mã truy cập cho chính tài khoản của mình; chỉ hiện một lần."""
    DOOR.say(
        {
            "token": DOOR.act(
                "token.create", scope, lambda s, a: tokens.issue(s, scope=scope, days=days, actor=a, now=DOOR.now())
            )
        }
    )


@token_app.command("list")
def list_tokens() -> None:
    """Mã truy cập còn hiệu lực của mình."""
    with DOOR.reading() as session:
        DOOR.say([_plain(row) for row in tokens.of(session, DOOR.actor(session), now=DOOR.now())])


@token_app.command("revoke")
def revoke_token(number: int) -> None:
    """Thu hồi một mã truy cập."""
    DOOR.act("token.revoke", str(number), lambda s, a: tokens.revoke(s, number, actor=a, now=DOOR.now()))
    DOOR.say({"id": number, "revoked": True})
