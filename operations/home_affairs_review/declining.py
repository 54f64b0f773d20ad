"""The person, collective or household to be honoured does not want it: said at any stage, and an end of its own.

It is their own word, not a judgement on them: no ground of the law is needed, and none is published. Where a decision is
signed already, it stands for everybody else whom it names.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from operations import announce, free_text, recipients, transition
from operations.access import Actor, local_date
from operations.transition import Result, Snapshot
from rules.lifecycle import Action, Role, State

_SIGNED = frozenset({State.SIGNED, State.FORWARDED, State.DISCLOSED, State.CLOSED})


def decline(
    session: Session,
    codes: Sequence[str],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    document: str | None = None,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """Record that those whom these nominations are about do not want the award; `document` is their letter.

    Unit and nominee are told by letter, and after the signature the signers too: a word that was never given is found out.
    """
    free_text.check("Văn bản của người được đề nghị", document, 200)
    said = f"{reason.strip()} (Văn bản: {document.strip()})" if document and document.strip() else reason
    moved, results, index = transition.move(
        session,
        Action.DECLINE,
        codes,
        actor=actor,
        now=now,
        reason=said,
        versions=versions,
    )
    announce.notices(session, letters(session, moved, said.strip(), index, now=now))
    return results


def letters(
    session: Session, moved: Sequence[Snapshot], reason: str, index: int, *, now: datetime
) -> list[announce.Notice]:
    """Letters about a decline: to the units, the nominees, and the signers of a signed paper."""
    found = [
        announce.Notice(
            kind="nomination_declined",
            about=str(index),
            to=rows[0].unit_email,
            recipient=rows[0].unit_code,
            context={"reader_name": rows[0].unit_name, "items": _named(rows), "reason": reason},
        )
        for rows in transition.by_unit(session, moved, now=now).values()
    ]
    found += [
        announce.Notice(
            kind="award_declined_nominee",
            about=str(index),
            to=row.nominee_email,
            recipient=row.code,
            context={"nominee": row.nominee, "award": transition.award_name(row.award), "code": row.code},
        )
        for row in moved
    ]
    signed = [row for row in moved if row.state in _SIGNED]
    if signed:
        found += [
            announce.Notice(
                kind="nomination_declined",
                about=str(index),
                to=email,
                recipient=username,
                context={"reader_name": name, "items": _named(signed), "reason": reason},
            )
            for username, name, email in recipients.holders(session, Role.CHAIRMAN, today=local_date(now))
        ]
    return found


def _named(rows: Sequence[Snapshot]) -> list[dict[str, str]]:
    return [{"code": row.code, "nominee": row.nominee, "award": transition.award_name(row.award)} for row in rows]
