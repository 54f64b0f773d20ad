"""Shared parts of a council session's pages, before and after its ballot: the visitor's relation to it, and its words."""

from ledger import sealing
from models.database import Session
from operations.council_vote import ballot_box
from operations.views import agenda
from operations.views.agenda import Sitting
from rules import vocabulary
from rules.policy import Permission
from rules.vocabulary import BallotKind, SessionState
from web.visit import Visit

PAGE = 100  # items of an agenda on one page
STATES = vocabulary.names(SessionState)
KINDS = vocabulary.names(BallotKind)


def sitting_of(session: Session, visit: Visit, code: str, act: Permission) -> Sitting:
    """The session, for somebody whom the policy lets do this with it."""
    return agenda.require(session, code, act, actor=visit.actor)


def fingerprint_of(sitting: Sitting) -> str:
    """The fingerprint of a secret ballot's key; empty for other ballots, and before there is one."""
    if sitting.ballot is None or sitting.ballot.kind != BallotKind.SECRET:
        return ""
    return sealing.fingerprint(ballot_box.public_key(sitting.ballot))
