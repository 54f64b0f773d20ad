"""The caller: the program's token, its scope, and its two ways to the database.

A token acts as its account with the roles of now, like a page does. What voting and signing ask of a person, the
password once more, a program must hand on in the body: a stolen token alone casts no vote and signs nothing.
"""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Header, Request
from pydantic import BaseModel

from models.database import Session
from operations import access, idempotency, record, security_log
from operations.access import Actor
from operations.installation import Installation
from operations.people import asking, proof, tokens
from rules import policy
from rules.refusal import Refusal
from web.api.schemas.shared import Password
from web.visit import Permit, installation

REALM = 'Bearer realm="vinhdanh"'
SCHEME = "bearer "


class TokenNeeded(Exception):  # noqa: N818 -- an answer (401), not a fault
    """No token, or none that is good today."""

    def __init__(self, *, given: bool) -> None:
        super().__init__(given)
        self.given = given


@dataclass(frozen=True)
class Call:
    """One request of a program. `key` is its Idempotency-Key."""

    request: Request
    actor: Actor
    now: datetime
    office: Installation
    key: str | None = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot to look at."""
        with self.office.database.read() as session:
            yield session

    def act(
        self,
        change: Callable[[Session, Actor], dict[str, Any]],
        *,
        said: BaseModel | str | None = None,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """One act, one transaction. With an Idempotency-Key a second request gets the first one's answer.

        `said` is what the request asked for; where it brings a password, the person behind the token is asked first.
        Not `repeatable`: nothing of the answer may be kept (a receipt of a vote beside its voter's name).
        """
        if isinstance(said, Password):
            self._prove(said)
        with self.office.database.begin() as session:
            return self.change(session, change, said=said, repeatable=repeatable)

    def change(
        self,
        session: Session,
        change: Callable[[Session, Actor], dict[str, Any]],
        *,
        said: BaseModel | str | None = None,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """The same within a transaction that is open already."""
        present = access.actor(session, self.actor.username, now=self.now)
        if self.key is None or not repeatable:
            with record.naming(session, present.username):
                return self._asked(session, change(session, present))
        if isinstance(said, BaseModel):
            said = said.model_dump_json(exclude={"password", "code", "shares"})
        url = self.request.url
        with record.naming(session, present.username):
            answer = idempotency.once(
                session,
                key=self.key,
                verb=f"{self.request.method} {url.path}",
                actor=present,
                now=self.now,
                act=lambda: change(session, present),
                body=f"{url.path}?{url.query}\n{said or ''}",
            )
        return self._asked(session, answer)

    def _asked(self, session: Session, answer: dict[str, Any]) -> dict[str, Any]:
        """What was changed may be committed: it decides nothing, or the person has been asked."""
        if asking.needed(session) and not getattr(self.request.state, "proven", False):
            raise asking.password_required(self.actor.username)
        return answer

    def _prove(self, said: Password) -> None:
        """Ask for the person behind the token. Raises what `proof.prove` raises; holds no transaction meanwhile."""
        proof.prove(self.office, self.actor.username, password=said.password, code=said.code, now=self.now)
        self.request.state.proven = True

    def note(self, refusal: Refusal) -> None:
        """Write a reach beyond somebody's rights to the security log."""
        with self.office.database.begin_unrecorded() as session:
            security_log.reach(
                session,
                actor=self.actor.username,
                verb=f"api {self.request.method}",
                subject=self.request.url.path.replace("\x00", "?"),
                refusal=refusal,
            )


@dataclass(frozen=True)
class Bearer(Permit):
    """A route's declaration of the act it is, for a token: `Depends(Bearer(Permission.SEE_ROUND))`; None: any good token may.

    Raises TokenNeeded (401), Refusal `token_scope` for more than a look with a reading token, `not_your_role` where the policy
    never lets this account do it.
    """

    def __call__(self, request: Request) -> Call:  # type: ignore[override] # -- a program's call is no visit of a browser
        return self._recognised(request, None)

    def _recognised(self, request: Request, key: str | None) -> Call:
        call, scope = _call(request, key)
        # A check comes by POST to keep receipts out of addresses; it still only reads.
        if scope != "write" and request.method not in {"GET", "HEAD"} and self.act not in policy.READING:
            raise Refusal(
                "token_scope",
                "Mã truy cập này chỉ được đọc. Hãy tạo mã đọc và ghi ở trang Tài khoản của tôi "
                "(dòng lệnh: `vinhdanh token create --scope write`).",
                reach=True,
            )
        if self.act is not None and not policy.ever(call.actor.roles, self.act):
            raise policy.not_your_role(self.act)
        return call


def _call(request: Request, key: str | None) -> tuple[Call, str]:
    """The calling account and the token's scope, determined once a request. Raises TokenNeeded."""
    known: tuple[Call, str] | None = getattr(request.state, "bearer", None)
    if known is None:
        office = installation()
        now = office.now()
        header = request.headers.get("authorization", "")
        token = header[len(SCHEME) :].strip() if header.lower().startswith(SCHEME) else ""
        found = None
        if token:
            with office.database.read() as session:
                found = tokens.bearer(session, token, now=now)
            if found is not None:
                tokens.note_use(office.database, token, found[0])
        if found is None:
            raise TokenNeeded(given=bool(header))
        known = request.state.bearer = Call(request, found[0], now, office), found[1]
    call = dataclasses.replace(known[0], request=request, key=key)
    request.state.call = call
    return call, known[1]


@dataclass(frozen=True)
class Change(Bearer):
    """The same for a request that changes something: it may bring an Idempotency-Key."""

    def __call__(  # type: ignore[override] # -- the same
        self,
        request: Request,
        idempotency_key: Annotated[
            str | None,
            Header(
                max_length=200,
                pattern=r"^[!-~]+$",
                description="A second request with the same key and content gets the first one's answer; the same key "
                "with another content is refused `idempotency_mismatch`. Kept for 30 days.",
            ),
        ] = None,
    ) -> Call:
        return self._recognised(request, idempotency_key)
