"""What the pages of a council session share, before its ballot and after: how its visitor meets it, and its words."""

from collections.abc import Mapping

from ledger import sealing
from models.database import Session
from operations.council_vote import ballot_box
from operations.views import agenda
from operations.views.agenda import Sitting
from rules.policy import Permission
from web.language import words
from web.visit import Visit

PAGE = 100  # items of an agenda on one page
STATES: Mapping[str, str] = {
    "convened": words("Đã triệu tập"),
    "open": words("Đang bỏ phiếu"),
    "closed": words("Đã đóng phiếu, chờ kiểm"),
    "tallied": words("Đã kiểm phiếu"),
    "cancelled": words("Đã hủy"),
}
KINDS: Mapping[str, str] = {
    "secret": words("Phiếu kín"),
    "open": words("Biểu quyết công khai"),
    "paper": words("Phiếu giấy"),
}


def sitting_of(session: Session, visit: Visit, code: str, act: Permission) -> Sitting:
    """The session, for somebody whom the policy lets do this with it."""
    return agenda.require(session, code, act, actor=visit.actor)


def fingerprint_of(sitting: Sitting) -> str:
    """The fingerprint of a secret ballot's key; empty for other ballots, and before there is one."""
    if sitting.ballot is None or sitting.ballot.kind != "secret":
        return ""
    return sealing.fingerprint(ballot_box.public_key(sitting.ballot))
