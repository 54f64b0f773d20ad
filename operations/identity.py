"""The installation's own name in everything that leaves the house: letters, meetings in calendars, runs, cached answers.

Numbers of rounds, sessions and ledger entries begin at 1 in every installation, and begin again where a backup was
restored: what is made of them alone is another installation's too, or another's that never came back.
"""

from sqlmodel import Session

from models import InstallationRow


def of(session: Session) -> str:
    """`vdabcdefghij`; after a backup was restored `vdabcdefghij.1`, then `.2`: no two histories ever share one."""
    row = session.get_one(InstallationRow, 1)
    return write(row.code, row.generation)


def write(code: str, generation: int) -> str:
    return f"{code}.{generation}" if generation else code


def every(session: Session) -> list[str]:
    """All that this history ever went by, the newest first: what was said under an earlier one was said."""
    row = session.get_one(InstallationRow, 1)
    return [write(row.code, one) for one in range(row.generation, -1, -1)]


def meeting(session: Session, session_code: str) -> str:
    """The UID (RFC 5545 §3.8.4.7) of a council session that is convened now."""
    return f"{session_code}.{of(session)}@vinhdanh"
