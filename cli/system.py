"""`init`, `up`, `demo`, `simulate`, `notifications`, `deadlines`, `doctor`, `backup`, `restore`."""

import getpass
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.door import DOOR, read_text, why
from ledger import unproven
from operations import outbox
from operations.installation import Installation
from operations.people import installer
from operations.upkeep import backup, deadlines, doctor, restoring, sample
from rules.refusal import Unreadable

app = typer.Typer()
notifications_app = typer.Typer(no_args_is_help=True, help="Thư gửi đi.")
deadlines_app = typer.Typer(no_args_is_help=True, help="Thời hạn.")


@app.command()
def init(
    sample_: Annotated[bool, typer.Option("--sample", help="Thêm đơn vị, tài khoản, Hội đồng mẫu")] = False,
    origin: Annotated[
        str | None, typer.Option(help="Tên sổ cái (bỏ trống: theo BASE_URL, hoặc một tên ngẫu nhiên)")
    ] = None,
) -> None:
    """Tạo thư mục dữ liệu, cơ sở dữ liệu, khóa sổ cái."""
    now = DOOR.now()  # a bad time is refused before anything is made
    installation = Installation.at(DOOR.folder, DOOR.environment)
    if not sample_:
        DOOR.say(
            {"data": str(installation.folder), "first_sign_in": f"{installation.base_url}/first/{_set_up(origin)}"}
        )
        return
    installation.create(origin=origin)
    with installation.database.begin() as session:
        answer = sample.set_up(session, now=now, os_user=getpass.getuser())
    installation.keeper.now()
    installation.database.close()
    DOOR.say(answer)


def _set_up(origin: str | None = None) -> str:
    """A new folder with its first administrator; the one-time link with which they choose their password."""
    now = DOOR.now()
    installation = Installation.at(DOOR.folder, DOOR.environment)
    installation.create(origin=origin)
    with installation.database.begin() as session:
        link = installer.first_administrator(session, os_user=getpass.getuser(), now=now)
    installation.keeper.now()
    installation.database.close()
    return link


@app.command()
def up(
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
) -> None:
    """Chạy hệ thống (tạo thư mục dữ liệu nếu chưa có): máy chủ Prefect, bộ chạy luồng, gửi thư và trang web."""
    if not (DOOR.folder / "ledger.key").exists():
        sys.stderr.write(
            f"Đã tạo thư mục dữ liệu {DOOR.folder}. Khi hệ thống sẵn sàng, quản trị hệ thống đặt mật khẩu (một lần) tại "
            f"/first/{_set_up()}\n"
        )
    folder = DOOR.installation.folder  # refuses clearly before anything is started
    DOOR.installation.database.close()
    command = [sys.executable, "-m", "deployments.up", "--data", str(folder), "--port", str(port), "--host", host]
    if DOOR.as_json:
        command.append("--json")
    environment = dict(os.environ)
    if DOOR.said_now:
        environment["VINHDANH_NOW"] = DOOR.said_now
    sys.stdout.flush()
    # The command becomes the supervisor: one process to watch and to stop.
    os.execve(sys.executable, command, environment)  # noqa: S606 -- our own program by fixed arguments


@app.command()
def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="Kết thúc sau khi in tổng kết")] = False,
    scale: Annotated[str, typer.Option(help="district | small | province")] = "district",
    seed: Annotated[int, typer.Option()] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535)] = 0,
    acks: Annotated[Path | None, typer.Option(help="Ghi lại từng việc đã lưu")] = None,
    years: Annotated[int, typer.Option(help="Số năm, với cùng người và đơn vị: 1 đến 3")] = 1,
) -> None:
    """Một đợt xét trọn vẹn, cỡ thật, trên động cơ, cơ sở dữ liệu và thư như khi vận hành."""
    from cli.demo import stage

    folder = DOOR.folder if DOOR.said_folder or os.environ.get("VINHDANH_DATA") else None
    answer = stage.run(folder=folder, scale=scale, seed=seed, port=port, acks=acks, serve=not exit_, years=years)
    DOOR.say(answer)


@app.command()
def simulate(
    nominations: Annotated[int, typer.Option()],
    seed: Annotated[int, typer.Option()] = 1,
    database: Annotated[str | None, typer.Option(help="postgresql://… (bỏ trống: SQLite)")] = None,
    one_by_one: Annotated[bool, typer.Option("--one-by-one", help="Mỗi việc một hồ sơ, một giao dịch")] = False,
) -> None:
    """Cả một đợt xét qua các thao tác thật, không có Prefect và thư, và chi phí của nó."""
    from cli import simulate as simulation

    if nominations < 1:
        raise Unreadable("usage", "--nominations phải từ 1 trở lên.", where={"nominations": nominations})
    DOOR.say(
        simulation.run(
            nominations=nominations,
            seed=seed,
            one_by_one=one_by_one,
            database_url=database,
            folder=DOOR.said_folder,
        )
    )


@app.command("doctor")
def doctor_() -> None:
    """Kiểm tra hệ thống."""
    installation = DOOR.opened()
    answer = doctor.examine(installation)
    installation.database.close()
    if not all(check["ok"] for check in answer["checks"]):
        DOOR.end(4, answer | {"missing": _first_missing(answer)})
    DOOR.say(answer)


def _first_missing(answer: dict[str, Any]) -> dict[str, str]:
    bad = next(check for check in answer["checks"] if not check["ok"])
    return {"component": bad["name"], "hint": bad["message"]}


@app.command("backup")
def backup_(file: Path) -> None:
    """Sao lưu cơ sở dữ liệu, tệp và khóa vào một tệp."""
    DOOR.say(backup.write(DOOR.installation, file))


@app.command()
def restore(
    file: Annotated[Path | None, typer.Argument(help="Tệp sao lưu (bỏ trống với --in-place)")] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="Điểm kiểm mới nhất giữ ở nơi khác: thư, thư mục xuất, ledger.signed cũ"),
    ] = None,
    last: Annotated[
        list[str] | None, typer.Option("--last", help="Số văn bản cuối đã cấp: 12-2024, TTr-3-2024")
    ] = None,
    lock: Annotated[list[str] | None, typer.Option("--lock", help="Tài khoản bị khóa sau lúc sao lưu")] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Cơ sở dữ liệu của thư mục này vừa được khôi phục (pg_restore)")
    ] = False,
) -> None:
    """Khôi phục vào một thư mục trống; chấm dứt phiên đăng nhập, khóa truy cập, liên kết của trước đó."""
    if (file is None) != in_place:
        raise Unreadable(
            "usage", "Ghi tệp sao lưu, hoặc --in-place, đúng một trong hai.", where={"file": str(file or "")}
        )
    texts = [_checkpoint(one) for one in checkpoint or ()]

    def learn(vkey: str) -> restoring.Elsewhere:
        known = restoring.Elsewhere(lock=set(lock or ()))
        for place, text in texts:
            restoring.learn(known, place, text, vkey)
        for number in last or ():
            restoring.last_number(known, number)
        return known

    try:
        if file is not None:
            DOOR.say(backup.read(file, DOOR.folder, learn))
            return
        installation = DOOR.opened()
        try:
            DOOR.say(restoring.in_place(installation, learn(installation.signer.vkey)))
        finally:
            installation.database.close()
    except unproven.Unproven as reason:
        DOOR.end(3, {"violations": [{"table": "checkpoint", "key": reason.part, "what": str(reason)}]})


def _checkpoint(place: Path) -> tuple[Path, str]:
    """A checkpoint's file, also where its folder was named."""
    for name in ("checkpoint", "ledger.signed"):
        if (place / name).is_file():
            place = place / name
    return place, read_text(place)


@notifications_app.command("status")
def notifications_status() -> None:
    """Thư: tổng số, đã được máy chủ nhận, hỏng, đang chờ."""
    with DOOR.reading() as session:
        answer: dict[str, Any] = outbox.status(session)
        failed = outbox.failures(session)
    DOOR.say(answer | ({"failures": failed[:20]} if failed else {}))


@notifications_app.command()
def drain() -> None:
    """Gửi ngay mọi thư đến hạn."""
    from notifications import smtp

    folder, url = DOOR.installation.folder, DOOR.installation.settings.get("SMTP_URL")
    if url:
        server = smtp.SmtpSettings.from_url(url)
    else:
        hint = "Chưa đặt VINHDANH_SMTP_URL nên thư còn nằm chờ trong hàng."
        DOOR.end(4, {"missing": {"component": "mail server", "hint": hint}})
    before = _letters()
    done = subprocess.run(
        [sys.executable, "-m", "deployments.drain"],
        env={**os.environ, "VINHDANH_DATA": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout) if done.stdout.strip() else {}
    refused = answer.get("refused") or answer.get("error") or {}
    if done.returncode == 2:
        raise Unreadable(refused["code"], refused["message"], where=refused["where"])
    if done.returncode != 0:
        hint = refused.get("message", "Không gửi được thư; thư vẫn còn trong hàng.")
        DOOR.end(4, {"missing": {"component": "mail server", "hint": hint}})
    if answer["waiting"] and answer["accepted"] + answer["failed"] == before["accepted"] + before["failed"]:
        _look_for_mail_server(answer, server.host, server.port)
    DOOR.say(answer)


def _letters() -> dict[str, int]:
    with DOOR.reading() as session:
        return outbox.status(session)


def _look_for_mail_server(status: dict[str, int], host: str, port: int) -> None:
    """Nothing went out: is the server away, or does it only say "later"?"""
    try:
        socket.create_connection((host, port), timeout=10).close()
    except OSError as error:
        hint = f"Máy chủ thư {host}:{port} không trả lời ({why(error)}); thư còn chờ trong hàng."
        DOOR.end(4, status | {"missing": {"component": "mail server", "hint": hint}})


@deadlines_app.command()
def sweep() -> None:
    """Nhắc hạn, đôn đốc, đóng những gì đã đến hạn; chạy lại không làm hai lần."""
    with DOOR.installation.database.begin() as session:
        answer = deadlines.sweep(session, now=DOOR.now())
    DOOR.say(answer)
