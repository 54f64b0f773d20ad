"""`vinhdanh demo`: one whole round by scripted people, on the engine, database and mail that production uses.

The folder is taken, the office furnished, the engine started; `script` carries the round, `waiting` waits for machines,
`summary` says what came of it.
"""

import json
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn

from cli.demo import data, summary, waiting
from cli.demo.people import SECRETARY, Office
from cli.demo.script import OPENED, SIGNED, Script
from cli.demo.waiting import Engine
from cli.demo.years import END, MOST, Years
from cli.door import DOOR, Finished, progress
from notifications.loopback import LoopbackServer
from operations.installation import Installation
from operations.people import tokens
from operations.public_disclosure import disclosure
from operations.upkeep import sample
from operations.views import nominations
from rules.refusal import Refusal, Unreadable

# Files that SQLite leaves beside a half-created database; the next opening recovers it.
_CUT_OFF = ("vinhdanh.sqlite3-journal", "vinhdanh.sqlite3-wal", "vinhdanh.sqlite3-shm")
SIGN_IN = (
    "thuky",
    "chuyenvien1",
    "chutich",
    "phochutich",
    "tv04",
    "tv06",
    "canbo.xa01",
    "truong.xa01",
    "thanhtra",
    "quantri",
)


def run(
    *, folder: Path | None, scale: str, seed: int, port: int, acks: Path | None, serve: bool, years: int = 1
) -> dict[str, Any]:
    """Carry the demo to its end; the answer of docs/contract.md §3. Raises Refusal `demo_finished`, `folder_not_empty`."""
    if scale not in {"district", "small", "province"}:
        raise Unreadable("usage", "Quy mô phải là district, small hoặc province.", where={"scale": scale})
    if not 1 <= years <= MOST:
        raise Unreadable(
            "usage", f"Số năm phải từ 1 đến {MOST}: bộ quy định đầy đủ có đến 30/9/2026.", where={"years": years}
        )
    home = folder or Path("data") / f"demo-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"  # noqa: DTZ005 -- a folder's name
    mark = {"scale": scale, "seed": seed} | ({"years": years} if years > 1 else {})
    resumed = _enter(home, mark)
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: the engine is stopped on the way out
        signal.signal(number, _interrupt)
    with ExitStack() as stack:
        started = perf_counter()
        wanted = data.draw(scale, seed)
        installation = _installation(home.absolute(), stack)
        office = Office(installation, OPENED, _acknowledger(acks, stack))
        _furnish(installation, seed)
        engine = Engine(installation.folder, port, _environment(installation))
        stack.callback(engine.stop)
        script = Script(office, engine, wanted, seed)
        script.play()
        _settle(office, engine)
        told: dict[str, Any] = {}
        if years > 1:
            engine, told = _later(office, engine, years, port, stack)
        said = summary.of(office, engine)
        answer = {
            "scale": scale,
            "seed": seed,
            "resumed": resumed,
            "data": str(installation.folder),
            "round": script.round,
            **said,
            **told,
            "seconds": {"total": round(perf_counter() - started, 1), **script.seconds},
            "peak_rss_mb": summary.peak_mb(),
        }
        (home / "demo.json").write_text(json.dumps(mark | {"finished": True}), encoding="utf-8")
        summary.show(answer)
        if serve:
            _serve(office, engine, script)
        return answer


def _later(office: Office, engine: Engine, years: int, port: int, stack: ExitStack) -> tuple[Engine, dict[str, Any]]:
    """The later years, by people alone; then the engine of the last year's end renders, delivers, and goes on."""
    engine.stop()
    story = Years(office, years)
    story.play()
    end = END[years]
    assert end is not None
    again = Engine(
        office.installation.folder, port, _environment(office.installation) | {"VINHDANH_NOW": end.isoformat()}
    )
    stack.callback(again.stop)
    again.ready()
    _settle(office, again)
    return again, {"years": story.stories}


def _enter(home: Path, wanted: dict[str, Any]) -> bool:
    """Take the folder for this demo; True when an unfinished one goes on."""
    mark = home / "demo.json"
    if mark.exists():
        said = json.loads(mark.read_text(encoding="utf-8"))
        if said.get("finished"):
            raise Refusal("demo_finished", f"Đợt chạy mẫu trong {home} đã xong; hãy chọn thư mục khác.")
        if {name: value for name, value in said.items() if name != "finished"} == wanted:
            return True
    if home.exists() and any(home.iterdir()):
        raise Refusal("folder_not_empty", f"Thư mục {home} không trống; hãy chọn một thư mục mới.")
    home.mkdir(parents=True, exist_ok=True)
    draft = home / "demo.json.new"
    draft.write_text(json.dumps(wanted | {"finished": False}), encoding="utf-8")
    draft.replace(mark)
    return False


def _acknowledger(path: Path | None, stack: ExitStack) -> Callable[[str, str, int], None] | None:
    if path is None:
        return None
    stream = stack.enter_context(path.open("a", encoding="utf-8"))

    def acknowledge(verb: str, code: str, index: int) -> None:
        stream.write(json.dumps({"verb": verb, "code": code, "index": index}) + "\n")
        stream.flush()
        os.fsync(stream.fileno())

    return acknowledge


def _installation(folder: Path, stack: ExitStack) -> Installation:
    """The installation in the demo's folder, with a mail server of its own where none is set."""
    url = os.environ.get("VINHDANH_SMTP_URL") or stack.enter_context(LoopbackServer(folder / "mail")).url
    installation = Installation.at(folder, {**os.environ, "VINHDANH_SMTP_URL": url, "VINHDANH_NOW": SIGNED.isoformat()})
    if not (folder / "ledger.key").exists():
        installation.create(beside={"demo.json", "demo.json.new", "mail", "workbooks", *_CUT_OFF})
    return installation


def _environment(installation: Installation) -> dict[str, str]:
    """The demo's settings for the engine."""
    told = {f"VINHDANH_{key}": installation.settings[key] for key in ("SMTP_URL", "NOW")}
    return {**os.environ, **told}


def _furnish(installation: Installation, seed: int) -> None:
    """The sample office, unless it stands already; its passwords are kept before the commit, else they were lost."""
    with installation.database.begin() as session:
        if not sample.stands(session):
            answer = sample.set_up(session, now=OPENED, seed=seed, passwords_for=SIGN_IN)
            _keep_sign_ins(installation.folder, [one for one in answer["accounts"] if one["password"]])


def _keep_sign_ins(folder: Path, accounts: list[dict[str, Any]]) -> None:
    """The demo's own passwords, for the one who tries it: readable by nobody else."""
    handle = os.open(folder / "run" / "sign-ins.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(accounts, stream)


def _settle(office: Office, engine: Engine) -> None:
    """Until every letter has its answer and every run its end; then the ledger is sealed once more."""
    waiting.for_letters(office)
    engine.wait_for_runs()
    office.installation.keeper.now()


def _serve(office: Office, engine: Engine, script: Script) -> NoReturn:
    """Say where everything is and stay until Ctrl-C."""
    folder = office.installation.folder
    sign_ins = [
        {"role": one["role"], "username": one["username"], "password": one["password"], "totp": None}
        for one in json.loads((folder / "run" / "sign-ins.json").read_text(encoding="utf-8"))
    ]
    decisions = office.look(disclosure.decisions)
    session = script.session()
    secretary = office.actor(SECRETARY)
    with office.installation.database.begin() as act:
        token = tokens.issue(act, scope="write", days=30, actor=secretary, now=office.now)
    DOOR.say(
        {
            "ready": True,
            "web": engine.ready()["web"],
            "sign_ins": sign_ins,
            "samples": {
                "round": script.round,
                "nomination": _sample(office, script.round),
                "session": session[0] if session else None,
                "decision": decisions[0]["code"] if decisions else None,
            },
            "api_token": token,
        }
    )
    try:
        engine.process.wait()
    except KeyboardInterrupt:
        progress("Đang dừng…")
    raise Finished(0, None)


def _sample(office: Office, round_code: str) -> str:
    """A nomination that every sign-in printed beside it may read: one of the officer's own unit, where there is one."""
    rows = office.look(lambda session: nominations.listing(session, round_code=round_code))
    return str(next((row for row in rows if row["unit"] == "XA01"), rows[0])["code"])


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt
