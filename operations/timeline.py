"""One nomination with everything that happened to it, read from the ledger."""

import json
from typing import Any

from sqlmodel import Session, col, select

from ledger import entry
from models import LedgerEntry, Nomination
from operations import proposal, review, transition


def of_nomination(session: Session, code: str) -> dict[str, Any]:
    """The contract's `nominations show`. Raises Refusal `unknown_nomination`."""
    rows = [row for row in proposal.listing_of(session, [code]) if row["code"] == code]
    if not rows:
        raise transition.unknown(code)
    nomination = session.exec(select(Nomination).where(Nomination.code == code)).one()
    appraisal = review.latest(session, [code]).get(code)
    return {
        **rows[0],
        "reason": nomination.reason,
        "verdict": appraisal.verdict if appraisal else None,
        "pack": appraisal.pack if appraisal else None,
        "pack_sha256": appraisal.pack_sha256 if appraisal else None,
        "findings": json.loads(appraisal.findings) if appraisal else [],
        "timeline": [
            {"index": said.index, "kind": said.kind, "at": said.at.isoformat()}
            for said in (
                entry.decode(row.leaf.encode())
                for row in session.exec(
                    select(LedgerEntry).where(LedgerEntry.subject == code).order_by(col(LedgerEntry.index))
                )
            )
        ],
    }
