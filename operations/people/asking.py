"""Which acts ask for the person again: derived from what they change, as the ledger is about to say.

A session left open, or a token alone, decides nothing: whoever is honoured, who decides, how a ballot goes, what the
public is told. Each door looks before it commits; a new kind of entry about one of these asks by itself.
"""

from sqlmodel import Session

from ledger.kinds import Kind
from operations import record
from rules.refusal import Refusal

# Sources of entries that decide something.
DECIDING = frozenset(
    {"account_request", "agenda", "authorisation", "ballot", "ballot_share", "conflict", "council", "council_member",
     "decision", "disclosure", "hand_count", "member", "nomination", "open_vote", "petition", "recusal", "roll",
     "session", "submission_letter"}
)  # fmt: skip
# Entries of these sources that decide nothing yet, or nothing of this office's.
PREPARING = frozenset(
    {
        # A dossier on its way: a council and a chairman come after.
        Kind.NOMINATION_DRAFTED, Kind.NOMINATION_MENDED, Kind.NOMINATION_PAPERS_CHANGED, Kind.NOMINATION_SUBMITTED,
        Kind.NOMINATION_WITHDRAWN, Kind.NOMINATION_RETURNED, Kind.NOMINATION_PASSED_REVIEW,
        Kind.NOMINATION_FOUND_INELIGIBLE, Kind.NOMINATION_CORRECTED, Kind.NOMINATION_PAUSED, Kind.NOMINATION_RESUMED, Kind.NOMINATION_CLOSED,
        # The nominee's own word, written down; what this office has signed stands for everybody else.
        Kind.NOMINATION_DECLINED,
        # A superior's decision, recorded.
        Kind.NOMINATION_REFUSED_ABOVE, Kind.SUBMISSION_LETTER_ANSWERED,
        # A paper of what was signed.
        Kind.DECISION_PAPER_RENDERED, Kind.SUBMISSION_LETTER_PAPER_RENDERED,
        # A meeting called, moved, called off before its ballot.
        Kind.SESSION_CONVENED, Kind.SESSION_RESCHEDULED, Kind.SESSION_CANCELLED, Kind.MEMBER_CALLED,
        # Questions and a member's word about themselves: who stands aside is asked (recusal), who may vote is (waived).
        Kind.CONFLICT_DETECTED, Kind.CONFLICT_DENIED, Kind.CONFLICT_RECUSED,
        # Wishes, for somebody else to confirm; of what nobody could confirm everybody concerned gets a letter.
        Kind.ACCOUNT_REQUEST_ASKED, Kind.ACCOUNT_REQUEST_WITHDRAWN, Kind.ACCOUNT_REQUEST_DONE_ALONE,
        Kind.PETITION_RECEIVED,
    }
)  # fmt: skip


def asks(kind: Kind) -> bool:
    """Does this kind of entry require that the actor confirmed their identity on the same request?"""
    return kind.source in DECIDING and kind not in PREPARING


def needed(session: Session) -> bool:
    """Is this act about to commit something that asks for the person?"""
    return any(asks(kind) for kind in record.kinds_of(session))


def password_required(username: str) -> Refusal:
    return Refusal(
        "password_required",
        f"Phải nhập lại mật khẩu của «{username}» trong chính yêu cầu làm việc này. Hãy kèm mật khẩu rồi gửi lại.",
    )
