"""`vinhdanh ledger …`: verify, export, prove, check."""

from base64 import b64encode
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from cli.door import DOOR, progress, read_text
from ledger import proof, unproven
from operations import ledger_book, seal
from operations.public_disclosure import paper_numbers
from operations.upkeep import snapshot, verification
from rules.refusal import Refusal, Unreadable

app = typer.Typer(no_args_is_help=True, help="Sổ cái chống sửa đổi.")


@app.command()
def verify(
    checkpoint: Annotated[
        list[Path] | None, typer.Option("--checkpoint", help="Điểm kiểm giữ ở nơi khác (thư, bản xuất), để đối chiếu")
    ] = None,
) -> None:
    """Đọc lại toàn bộ sổ cái và so với từng bảng dữ liệu."""
    started = perf_counter()
    installation = DOOR.inspected
    known = [seal.read_note(read_text(file)) for file in checkpoint or ()]
    memory, forgotten = None, None
    try:
        memory = installation.keeper.remembered()
    except (Refusal, Unreadable) as reason:
        forgotten = reason.message
    with snapshot.taken(installation) as session:
        verdict = verification.verify(session, vkey=installation.signer.vkey, memory=memory, known=known)
    if forgotten:
        verdict.add("checkpoint", seal.MEMORY, forgotten)
    if verdict.violations:
        for violation in verdict.violations[:20]:
            progress(f"{violation['table']} {violation['key']}: {violation['what']}")
        DOOR.end(3, {"violations": verdict.violations})
    DOOR.say(
        {
            "size": verdict.size,
            "root": b64encode(verdict.root).decode(),
            "checked_tables": verdict.checked_tables,
            "seconds": round(perf_counter() - started, 3),
            "clock_set_back": verdict.clock_set_back,
            "tail": {
                "sealed": verdict.sealed,
                "entries": verdict.size - verdict.sealed,
                "since": verdict.tail_from.isoformat() if verdict.tail_from else None,
            },
        }
    )


@app.command()
def export(folder: Path) -> None:
    """Xuất sổ cái thành tệp tĩnh (C2SP tlog-tiles)."""
    installation = DOOR.installation
    installation.keeper.now()
    try:
        with DOOR.reading() as session:
            DOOR.say(ledger_book.export(session, folder, installation.signer))
    except unproven.Unproven as reason:
        DOOR.end(3, {"violations": [{"table": "export", "key": reason.part, "what": str(reason)}]})


@app.command()
def key() -> None:
    """Khóa công khai của sổ cái."""
    signer = DOOR.opened().signer
    DOOR.say({"vkey": signer.vkey, "origin": signer.origin})


@app.command()
def prove(number: str, out: Annotated[Path, typer.Option(help="Tệp .tlog-proof")]) -> None:
    """Ghi bằng chứng của một quyết định, kiểm được ngoại tuyến."""
    installation = DOOR.installation
    installation.keeper.now()
    with DOOR.reading() as session:
        code = paper_numbers.decision(session, number).code
        out.write_text(ledger_book.prove(session, code), encoding="utf-8")
    DOOR.say({"number": code, "file": str(out)})


@app.command()
def check(
    file: Path,
    vkey: Annotated[Path | None, typer.Option(help="Tệp khóa công khai")] = None,
    entry: Annotated[
        bool, typer.Option("--entry", help="Bằng chứng của một bản ghi bất kỳ, không phải quyết định")
    ] = False,
) -> None:
    """Kiểm bằng chứng của một quyết định và mọi việc về sau của nó, không cần cơ sở dữ liệu."""
    known = read_text(vkey).strip() if vkey else DOOR.opened().signer.vkey
    text = read_text(file)
    try:
        DOOR.say(proof.check(text, known) if entry else proof.check_decision(text, known))
    except unproven.Unproven as reason:
        if reason.part == "vkey" and vkey is not None:
            raise Unreadable("bad_vkey", "Tệp khóa công khai không đọc được.", where={"file": str(vkey)}) from None
        DOOR.end(3, {"violations": [{"table": "proof", "key": reason.part, "what": str(reason)}]})
