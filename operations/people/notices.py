"""The letter about an account that was changed: to whom it belongs, and to whoever watches over accounts that decide."""

from datetime import UTC, datetime

from sqlmodel import Session

from models import Account
from operations import announce


def account_changed(
    session: Session,
    account: Account,
    what: str,
    *,
    by: str,
    index: int,
    to: tuple[str, str, str | None] | None = None,
) -> None:
    """A letter to whom the account belongs (or `to`: username, name, address): what was done with it, and by whom."""
    username, name, email = to or (account.username, account.display_name, account.email)
    announce.notices(
        session,
        [
            announce.Notice(
                kind="account_changed",
                about=str(index),
                to=email,
                recipient=username,
                context={
                    "recipient_name": name,
                    "username": account.username,
                    "what": what,
                    "by": by,
                    "at": datetime.now(UTC).isoformat(),
                },
            )
        ],
    )
