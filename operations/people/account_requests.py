"""An administrator's requests about accounts, confirmed or declined by a second person (docs/decisions/0014)."""

from datetime import datetime

from sqlmodel import Session

from operations.access import Actor
from operations.people import endings, four_eyes, identities, links, roles, second_factor
from operations.people.four_eyes import Waiting


def confirm(session: Session, number: int, *, actor: Actor, now: datetime, wall: datetime | None = None) -> Waiting:
    """Let what an administrator asked for with an account happen; what it was. The door has asked for the password.

    Raises what `four_eyes.to_settle` raises, and what the act itself refuses by now.
    """
    row, account = four_eyes.to_settle(session, number, actor=actor, now=now, wall=wall)
    asked = four_eyes.shown(session, row, account, now=now)
    four_eyes.settle(session, row, account, "confirmed", actor=actor, now=now)
    doer = four_eyes.Doer(row.asked_by, confirmed_by=actor)
    if row.act == "link":
        links.invited(session, account, row.valid_until, doer, now=now)
    elif row.act == "second_factor":
        second_factor.taken(session, account, doer, now=now)
    elif row.act == "role":
        roles.given(session, account, asked.gives, doer, now=now)
    else:
        identities.given(session, account, row.issuer or "", row.subject or "", doer, now=now)
    return asked


def decline(session: Session, number: int, *, actor: Actor, now: datetime, wall: datetime | None = None) -> Waiting:
    """Decline an administrator's request; returns the request. Raises the refusals of `confirm`."""
    row, account = four_eyes.to_settle(session, number, actor=actor, now=now, wall=wall)
    asked = four_eyes.shown(session, row, account, now=now)
    four_eyes.settle(session, row, account, "refused", actor=actor, now=now)
    if row.act == "link":
        endings.links(session, account)
    return asked
