"""What was paused when its round was closed goes on by itself once the case is concluded, as far as any other."""

from collections.abc import Callable
from typing import Any

import pytest

from operations import rounds
from operations.chairman_signature import signature, to_sign
from operations.home_affairs_review import review
from operations.unit_proposal import mending, proposal
from operations.views import inbox
from rules.lifecycle import State


def closed_round(office: Any) -> tuple[Any, str]:
    """A round that is over but for one nomination, which waits for a conclusion."""
    round_ = office.open_round()
    round_.to(State.DISCLOSED)
    (code,) = round_.to(State.PAUSED)
    for _ in range(5):
        office.act(rounds.advance, round_.code, actor=office.thuky, now=office.now)
    assert office.rows("SELECT stage, closed_at IS NULL FROM review_round") == [("ended", False)]
    office.settle_outbox()
    return round_, code


def by(office: Any, who: str) -> dict[str, Any]:
    return {"actor": office.actor(who), "now": office.now}


def resume(office: Any, code: str) -> None:
    (done,) = office.act(review.resume, [code], reason="đơn không có cơ sở", **by(office, "chuyenvien1"))
    assert (done.refusal, done.state) == (None, State.SUBMITTED)


def waits_for(office: Any, who: str) -> list[tuple[str, str]]:
    rows, _ = office.look(inbox.of, office.actor(who), now=office.now)
    return [(row.kind, row.code) for row in rows]


def test_it_is_taken_up_judged_voted_on_signed_and_published(office: Any) -> None:
    round_, code = closed_round(office)
    resume(office, code)
    assert office.rows("SELECT topic FROM outbox_message WHERE kind = 'stage_entered' AND state = 'queued'") == [
        (f"{round_.code}/home_affairs_review",)
    ]
    assert office.look(rounds.waiting_stages) == [(round_.code, "home_affairs_review")]
    assert office.act(review.evaluate, now=office.now, round_code=round_.code) == [(code, "eligible")]
    assert ("submitted", code) in waits_for(office, "chuyenvien1")
    office.act(review.pass_review, [code], **by(office, "chuyenvien1"))
    assert ("convene", round_.code) in waits_for(office, "thuky")
    round_.vote("approve")
    assert [(pile.round, pile.count) for pile in office.look(to_sign.piles, office.chutich, now=office.now)] == [
        (round_.code, 1)
    ]
    office.act(signature.sign, [code], **by(office, "chutich"))
    assert round_.disclose(code) == 1
    assert office.states([code]) == ["disclosed"]
    assert (office.look(rounds.waiting_stages), office.violations()) == ([], [])


def _returned_and_mended(office: Any, code: str) -> None:
    office.act(review.return_for_supplement, [code], reason="thiếu", **by(office, "chuyenvien1"))
    assert waits_for(office, "canbo.xa01") == [("returned", code)]
    office.act(mending.mend, code, achievement="bổ sung", **by(office, "canbo.xa01"))
    office.act(proposal.submit, [code], **by(office, "canbo.xa01"))


ENDS: dict[str, Callable[[Any, str], Any]] = {
    "ineligible": lambda o, c: o.act(review.find_ineligible, [c], reason="có kết luận", **by(o, "chuyenvien1")),
    "withdrawn": lambda o, c: o.act(proposal.withdraw, [c], reason="đơn vị rút", **by(o, "canbo.xa01")),
    "submitted": _returned_and_mended,
    "paused": lambda o, c: o.act(review.pause, [c], ground="inspection", reason="lại có đơn", **by(o, "chuyenvien1")),
}


@pytest.mark.parametrize("end", ENDS)
def test_it_may_also_end_come_back_or_wait_again(office: Any, end: str) -> None:
    _, code = closed_round(office)
    resume(office, code)
    ENDS[end](office, code)
    assert office.states([code]) == [end]
