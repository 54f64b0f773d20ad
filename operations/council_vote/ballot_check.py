"""Repeat a count from what was published: by a teller, a member or any outsider, without a key and without a role.

The published batch is held against the hash that the ledger committed to, its columns against the numbers of the
agenda, the numbers against the regulation, the receipts against the digest that the ledger took at the closing.
"""

import json
from collections import Counter
from typing import Any

from sqlmodel import Session

from ledger import sealing
from ledger.canonical import dumps
from ledger.kinds import Kind
from models import Ballot, CouncilSession
from operations.council_vote import ballot_box, counting, electorate, frozen, sessions, vote
from rules.refusal import Refusal, Unreadable
from rules.vocabulary import BallotKind, SessionState


def verify(
    session: Session, session_code: str, *, receipt: str | None = None, batch: Any = None
) -> list[dict[str, str]]:
    """What does not match, as the violations of docs/contract.md §2; an empty list is a count that anybody can repeat.

    `batch` is a tally's whole answer or its list of rows, to be held against the ledger; None takes the stored one.
    Before the tally the box is checked as far as it can be, and a receipt against what lies in it.
    Raises Refusal `unknown_session`, `ballot_closed` before the opening, `not_tallied` for a batch before the count,
    `foreign_receipt`; Unreadable `bad_receipt`, `bad_batch`.
    """
    sitting = sessions.by_code(session, session_code)
    ballot = ballot_box.require(session, sitting)
    rows = None if batch is None else _rows(batch)
    if rows is not None and sitting.state != SessionState.TALLIED:
        raise Refusal("not_tallied", f"Phiên {session_code} chưa kiểm phiếu nên chưa có bảng phiếu công bố.")
    found = _Violations()
    if receipt is not None:
        _require_included(session, sitting, ballot, receipt)
    for where, key, what in frozen.differences(session, sitting):
        found.say(where, key, what)
    _check_box(session, sitting, ballot, found)
    if sitting.state == SessionState.TALLIED:
        _check_count(session, sitting, ballot, rows, found)
    return found


class _Violations(list[dict[str, str]]):
    def say(self, table: str, key: str, what: str) -> None:
        self.append({"table": table, "key": key, "what": what})


def _rows(batch: Any) -> list[dict[str, str]]:
    rows = batch.get("batch") if isinstance(batch, dict) else batch
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and all(isinstance(choice, str) for choice in row.values()) for row in rows
    ):
        raise Unreadable(
            "bad_batch",
            "Bảng phiếu phải là tệp JSON có danh sách «batch», tải ở trang phiên họp sau khi kiểm phiếu "
            "(dòng lệnh: `vinhdanh ballot tally --json`).",
        )
    return rows


def _require_included(session: Session, sitting: CouncilSession, ballot: Ballot, receipt: str) -> None:
    if not sealing.is_receipt(receipt):
        raise Unreadable(
            "bad_receipt",
            "Biên nhận phải gồm tám nhóm bốn chữ như khi bỏ phiếu; hãy chép lại.",
            where={"receipt": receipt},
        )
    known = ballot_box.receipts(session, sitting) if ballot.closed_by else [
        sealing.receipt(one) for one in ballot_box.envelopes(session, sitting, ballot)
    ]  # fmt: skip
    if not sealing.includes(receipt, known):
        raise Refusal(
            "foreign_receipt",
            f"Biên nhận này không phải của phiếu nào trong phiên {sitting.code}. Hãy kiểm tra đúng phiên; nếu chắc là "
            "biên nhận của phiên này, hãy báo tổ kiểm phiếu và thanh tra: phiếu của bạn không có trong hòm.",
            citation=ballot_box.COUNCIL,
        )


def _check_box(session: Session, sitting: CouncilSession, ballot: Ballot, found: _Violations) -> None:
    if sitting.state in {SessionState.OPEN, SessionState.CLOSED}:
        try:
            ballot_box.unaltered(session, sitting, ballot)
        except Refusal as refusal:
            found.say("ballot_box", sitting.code, refusal.message)
    if ballot.closed_by is None:
        return
    receipts = ballot_box.receipts(session, sitting)
    digest = sealing.receipts_digest(receipts)
    if not digest == ballot.box_sha256 == committed(session, Kind.BALLOT_CLOSED, sitting.code, "box"):
        found.say("ballot_receipt", sitting.code, "các biên nhận công bố không khớp hòm phiếu lúc đóng (sổ cái)")
    if ballot.kind != BallotKind.PAPER and len(receipts) != len(vote.voted(session, sitting)):
        found.say("ballot_roll", sitting.code, "số người đã ký khác số biên nhận")


def _check_count(
    session: Session, sitting: CouncilSession, ballot: Ballot, given: list[dict[str, str]] | None, found: _Violations
) -> None:
    text = ballot.batch or "[]"
    said = committed(session, Kind.SESSION_TALLIED, sitting.code, "batch")
    if not counting.batch_digest(text) == sitting.batch_sha256 == said:
        found.say("ballot", sitting.code, "bảng phiếu đã lưu không phải bảng mà sổ cái ghi nhận khi kiểm phiếu")
    # The order of the rows says nothing: the same rows in another one are the same batch.
    if given is not None and sorted(map(dumps, given)) != sorted(map(dumps, json.loads(text))):
        found.say("batch", sitting.code, "bảng phiếu đưa vào không phải bảng mà sổ cái ghi nhận khi kiểm phiếu")
    published = {row["code"]: row for row in counting.results_of(session, sitting)}
    numbers = {code: (row["approve"], row["disapprove"], row["abstain"]) for code, row in published.items()}
    if ballot.kind == BallotKind.PAPER:
        for username, counts in counting.hand_counts(session, sitting):
            for code, one in numbers.items():
                if tuple(counts.get(code, ())) != one:
                    found.say("hand_count", f"{sitting.code}/{username}", f"{code}: khác kết quả đã công bố")
    else:
        rows = given if given is not None else json.loads(text)
        if len(rows) != len(vote.voted(session, sitting)):
            found.say("ballot", sitting.code, "số phiếu trong bảng khác số người đã ký")
        for code, one in numbers.items():
            if (column := _column(rows, code)) != one:
                found.say("agenda_item", code, f"bảng phiếu cộng được {_written(column)}, đã công bố {_written(one)}")
    try:
        again = counting.repeated(session, sitting, numbers)
    except (Unreadable, TypeError) as impossible:
        found.say("agenda_item", sitting.code, f"kết quả đã công bố không thể có: {impossible}")
    else:
        for row in again:
            if row != published[row["code"]]:
                found.say("agenda_item", row["code"], f"tính lại theo Quy chế: {row['why']}")
    for code in sorted({code for row in (given or []) for code in row} - published.keys()):
        found.say("batch", code, "hồ sơ không có trong chương trình của phiên")


def _column(rows: list[dict[str, str]], code: str) -> electorate.Numbers:
    votes = Counter(row[code] for row in rows if code in row)
    return votes["approve"], votes["disapprove"], votes["abstain"]


def _written(numbers: electorate.Numbers) -> str:
    return "–".join(map(str, numbers))


def committed(session: Session, kind: Kind, subject: str, field: str) -> Any:
    """The value that the newest such entry of the ledger commits to; None where nothing opens its commitment."""
    said = frozen.said(session, kind, subject, field)
    return said[-1][1] if said else None
