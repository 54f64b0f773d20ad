"""An act with a key is done once, whatever is sent again."""

from datetime import timedelta
from typing import Any

import pytest

from operations import idempotency, rounds
from rules.refusal import Refusal

pytestmark = pytest.mark.both_databases


def open_once(office: Any, key: str = "k1", **words: Any) -> Any:
    given = {"verb": "round.open", "actor": office.thuky, "now": office.now, "title": "Năm 2024"} | words
    title = given.pop("title")

    def once(session: Any) -> Any:
        return idempotency.once(
            session,
            key=key,
            act=lambda: {
                "code": rounds.open_round(
                    session, kind="CONG_TRANG", year=2024, title=title, actor=given["actor"], now=office.now
                ).code,
                "pair": (1, 2),
            },
            **given,
        )

    return office.act(once)


def test_the_second_time_answers_without_acting(office: Any) -> None:
    first = open_once(office)
    after = office.digests()
    second = open_once(office)
    assert (first, second) == ({"code": "DX-2024-01", "pair": [1, 2]},) * 2
    assert office.digests() == after


def test_another_key_acts_again(office: Any) -> None:
    assert [open_once(office, key)["code"] for key in ("a", "b")] == ["DX-2024-01", "DX-2024-02"]


def test_anothers_equal_key_is_another_key(small_office: Any) -> None:
    open_once(small_office)
    looked = small_office.look(idempotency.answer_to, key="k1", actor=small_office.chutich)
    own = small_office.look(idempotency.answer_to, key="k1", actor=small_office.thuky)
    assert (looked, own) == (None, {"code": "DX-2024-01", "pair": [1, 2]})


@pytest.mark.parametrize("other", [{"verb": "round.close"}, {"body": b"other"}], ids=["verb", "body"])
def test_the_same_key_for_something_else_is_refused(small_office: Any, other: dict[str, Any]) -> None:
    open_once(small_office)
    after = small_office.digests()
    with pytest.raises(Refusal) as refused:
        open_once(small_office, **other)
    assert refused.value.code == "idempotency_mismatch"
    assert small_office.digests() == after


def test_a_refused_act_leaves_no_answer_and_may_be_tried_again(small_office: Any) -> None:
    clean = small_office.digests()
    with pytest.raises(Refusal):
        open_once(small_office, actor=small_office.chuyenvien1)
    assert small_office.digests() == clean
    assert open_once(small_office)["code"] == "DX-2024-01"


def test_answers_are_kept_thirty_days(office: Any) -> None:
    open_once(office)
    kept = [office.act(idempotency.forget, now=office.now + timedelta(days=days)) for days in (30, 31)]
    assert kept == [0, 1]
    assert office.rows("SELECT verb FROM idempotent_answer") == []
