"""The tables. Importing this package registers every table on `SQLModel.metadata`."""

from sqlmodel import SQLModel

# Named constraints: migrations can change them on both databases, and an error names the rule that was broken.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

from models.access import (  # noqa: E402 -- the convention must stand before the tables
    AccountRequest,
    ApiToken,
    Comment,
    OutsideIdentity,
    SecondFactor,
    SignInAttempt,
    WebSession,
)
from models.council import (  # noqa: E402 -- as above
    AgendaItem,
    Ballot,
    BallotBox,
    BallotReceipt,
    BallotRoll,
    Conflict,
    Council,
    CouncilMember,
    CouncilSession,
    HandCount,
    OpenVote,
    Recusal,
    SessionMember,
)
from models.decisions import Decision, Disclosure, Petition, SubmissionLetter  # noqa: E402 -- as above
from models.evidence import (  # noqa: E402 -- as above
    Checkpoint,
    Counter,
    InstallationRow,
    LedgerAct,
    LedgerEntry,
    LedgerHead,
    LedgerOpening,
    Receipt,
    SecurityEvent,
    StoredFile,
)
from models.nominations import (  # noqa: E402 -- as above
    Appraisal,
    Attachment,
    Dossier,
    Duty,
    Nomination,
    Nominee,
    Pause,
)
from models.organisation import Account, Authorisation, RoleGrant, Unit  # noqa: E402 -- as above
from models.outbox import OutboxMessage  # noqa: E402 -- as above
from models.rounds import Deadline, Escalation, Regulation, ReviewRound  # noqa: E402 -- as above

__all__ = [
    "Account",
    "AccountRequest",
    "AgendaItem",
    "ApiToken",
    "Appraisal",
    "Attachment",
    "Authorisation",
    "Ballot",
    "BallotBox",
    "BallotReceipt",
    "BallotRoll",
    "Checkpoint",
    "Comment",
    "Conflict",
    "Council",
    "CouncilMember",
    "CouncilSession",
    "Counter",
    "Deadline",
    "Decision",
    "Disclosure",
    "Dossier",
    "Duty",
    "Escalation",
    "HandCount",
    "InstallationRow",
    "LedgerAct",
    "LedgerEntry",
    "LedgerHead",
    "LedgerOpening",
    "Nomination",
    "Nominee",
    "OpenVote",
    "OutboxMessage",
    "OutsideIdentity",
    "Pause",
    "Petition",
    "Receipt",
    "Recusal",
    "Regulation",
    "ReviewRound",
    "RoleGrant",
    "SQLModel",
    "SecondFactor",
    "SecurityEvent",
    "SessionMember",
    "SignInAttempt",
    "StoredFile",
    "SubmissionLetter",
    "Unit",
    "WebSession",
]
