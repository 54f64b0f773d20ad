"""Remarks on a nomination: for those who may read it, in the ledger, never changed; and its timeline beside them."""

from typing import Any

import pytest
import sqlalchemy as sa

from models import Nomination
from models.types import table
from operations import rights, visibility
from operations.chairman_signature import signature
from operations.council_vote import convening, recusals
from operations.home_affairs_review import comments, review
from operations.public_disclosure import petitions
from operations.unit_proposal import proposal
from operations.views import timeline
from rules.policy import Relation
from rules.refusal import Refusal, Unreadable

PEOPLE = ("canbo.xa01", "truong.xa01", "canbo.xa02", "truong.xa02", "chuyenvien1", "thuky", "chutich", "phochutich",
          "tv03", "tv04", "thanhtra", "quantri")  # fmt: skip


def outcome(act: Any) -> str:
    try:
        act()
    except Refusal as refusal:
        return refusal.code
    return "done"


def write(office: Any, code: str, username: str, text: str = "Cần thêm giấy.") -> Any:
    return office.act(comments.write, code, text=text, actor=office.actor(username), now=office.now)


def test_remarks_come_in_order_with_their_authors(office: Any) -> None:
    mine, other = office.open_round().file(2)
    for username, text in (("chuyenvien1", "Cần thêm giấy."), ("canbo.xa01", "Đã gửi."), ("thuky", "Cảm ơn.")):
        write(office, mine, username, text)
    write(office, other, "chuyenvien1", "Về hồ sơ khác.")
    rows, following = office.look(comments.of, mine, actor=office.chuyenvien1)
    assert [(row["author"], row["text"]) for row in rows] == [
        ("chuyenvien1", "Cần thêm giấy."),
        ("canbo.xa01", "Đã gửi."),
        ("thuky", "Cảm ơn."),
    ]
    assert following is None
    paged, after = [], None
    while True:
        page, after = office.look(comments.of, mine, actor=office.chuyenvien1, after=after, limit=1)
        paged += page
        if after is None:
            break
    assert paged == rows
    assert office.rows("SELECT subject FROM ledger_entry WHERE kind = 'comment:written' ORDER BY \"index\"") == [
        (f"{mine}/1",), (f"{mine}/2",), (f"{mine}/3",), (f"{other}/1",)
    ]  # fmt: skip
    assert office.violations() == []


def test_who_may_read_and_write(small_office: Any) -> None:
    """Every person × before and after the council was called: the same answer for reading, writing and the timeline."""
    round_ = small_office.open_round()
    (code,) = round_.file()
    found = {}
    for called in (False, True):
        if called:
            small_office.act(
                convening.convene, round_code=round_.code, at=small_office.now, place="Hội trường",
                actor=small_office.thuky, now=small_office.now,
            )  # fmt: skip
        for username in PEOPLE:
            actor = small_office.actor(username)
            answers = {
                outcome(lambda actor=actor: small_office.look(comments.of, code, actor=actor)),
                outcome(lambda actor=actor: small_office.look(timeline.events, code, actor=actor)),
            }
            assert len(answers) == 1, (username, answers)
            found[username, called] = answers.pop()
            wrote = outcome(lambda username=username: write(small_office, code, username))
            assert wrote == ("not_your_role" if username == "thanhtra" else found[username, called])
            listed = small_office.look(lambda s, actor=actor: s.execute(_readable(actor)).scalars().all())
            assert listed == ([code] if found[username, called] == "done" else [])
    everywhere = ("canbo.xa01", "truong.xa01", "chuyenvien1", "thuky", "chutich", "phochutich", "thanhtra")
    expected = {(username, called): "done" for username in everywhere for called in (False, True)}
    for called in (False, True):
        expected |= {(username, called): "not_your_unit" for username in ("canbo.xa02", "truong.xa02")}
        expected |= {(username, called): "done" if called else "not_your_role" for username in ("tv03", "tv04")}
        expected |= {("quantri", called): "not_your_role"}
    assert found == expected


@pytest.mark.parametrize("username", ["tv03", "chutich"])
def test_whoever_stands_aside_sees_nothing_of_it(small_office: Any, username: str) -> None:
    round_ = small_office.open_round()
    aside, other = round_.file(2)
    session = round_.session()
    small_office.act(
        recusals.recuse, session, member=username, nomination=aside, ground="con gái", actor=small_office.thuky,
        now=small_office.now,
    )  # fmt: skip
    write(small_office, aside, "thuky")
    received = small_office.act(petitions.file, text="Sai.", nomination=aside, now=small_office.now)
    actor = small_office.actor(username)
    found = [
        outcome(lambda act=act, code=code: small_office.look(act, code, actor=actor))
        for code in (aside, other)
        for act in (comments.of, timeline.events)
    ]
    assert found == ["recused_from"] * 2 + ["done"] * 2
    assert outcome(lambda: write(small_office, aside, username)) == "recused_from"
    assert received.code == "PA-2024-0001"
    assert small_office.look(lambda s: s.execute(_readable(actor)).scalars().all()) == [other]


def _readable(actor: Any) -> Any:
    return sa.select(table(Nomination).c.code).where(*visibility.conditions(actor))


def test_how_people_are_related_to_a_nomination(small_office: Any) -> None:
    round_ = small_office.open_round()
    (code,) = round_.file()
    small_office.act(review.pass_review, [code], actor=small_office.chuyenvien1, now=small_office.now)
    round_.session()
    session_id, nomination = small_office.rows("SELECT s.id, n.id FROM council_session s, nomination n")[0]
    small_office.write(
        "INSERT INTO agenda_item (session_id, nomination_id) VALUES (:s, :n)", s=session_id, n=nomination
    )
    small_office.write("UPDATE council_session SET state = 'tallied', frozen_sha256 = 'x'")
    found = {}
    for username in PEOPLE:
        actor = small_office.actor(username)
        row = small_office.look(lambda s: s.get_one(Nomination, nomination))
        found[username] = small_office.look(rights.relations, [row], actor=actor, now=small_office.now)[row.id]
    own, member = {Relation.OWN_UNIT}, {Relation.MEMBER}
    assert found == {
        **dict.fromkeys(PEOPLE, frozenset()),
        "canbo.xa01": own | {Relation.PROPOSER},
        "truong.xa01": own,
        "chuyenvien1": {Relation.REVIEWER},
        "chutich": member,
        "phochutich": member | {Relation.AUTHORISED},
        "tv03": member,
        "tv04": member | {Relation.TELLER, Relation.COUNTER},
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "missing_text"), (" \n", "missing_text"), ("x" * 2001, "too_long"), ("a\0b", "control_characters")],
    ids=["empty", "blank", "long", "NUL"],
)
def test_a_text_that_is_no_remark(office: Any, text: str, code: str) -> None:
    (nomination,) = office.open_round().file()
    clean = office.digests()
    assert outcome(lambda: write(office, nomination, "thuky", text)) == code
    assert office.digests() == clean


def test_unknown_nomination_and_page_key(small_office: Any) -> None:
    assert outcome(lambda: write(small_office, "DN-2024-999999", "thuky")) == "unknown_nomination"
    (code,) = small_office.open_round().file()
    with pytest.raises(Unreadable):
        small_office.look(comments.of, code, actor=small_office.thuky, after="x")


def test_a_remark_is_never_changed(office: Any) -> None:
    (code,) = office.open_round().file()
    write(office, code, "thuky")
    for sql in ("UPDATE comment SET text = 'x'", "DELETE FROM comment"):
        with pytest.raises(sa.exc.DatabaseError):
            office.write(sql)


# The timeline ---------------------------------------------------------------------------------------------------------


def test_the_timeline_says_what_when_who_and_why(office: Any) -> None:
    round_ = office.open_round("DOT_XUAT")
    (code,) = round_.file(award="GK_HUYEN")
    by = {"actor": office.chuyenvien1, "now": office.now}
    office.act(review.return_for_supplement, [code], reason="thiếu báo cáo", **by)
    office.act(proposal.submit, [code], actor=office.officer("XA01"), now=office.now)
    office.act(review.pause, [code], ground="complaint", reason="đơn của bà L.", **by)
    office.act(review.resume, [code], reason="bà L. rút đơn", **by)
    office.act(review.pass_review, [code], **by)
    office.act(signature.sign, [code], actor=office.chutich, now=office.now)
    name = {username: office.actor(username).name for username in ("canbo.xa01", "chuyenvien1", "chutich")}
    seen = office.look(timeline.events, code, actor=office.thuky)
    assert [(event.words, event.who, event.detail, event.reason) for event in seen] == [
        ("Đơn vị lập hồ sơ", name["canbo.xa01"], None, None),
        ("Đơn vị nộp hồ sơ", name["canbo.xa01"], None, None),
        ("Phòng Nội vụ trả lại để bổ sung", name["chuyenvien1"], None, "thiếu báo cáo"),
        ("Đơn vị nộp hồ sơ", name["canbo.xa01"], None, None),
        ("Tạm dừng, chờ kết luận", name["chuyenvien1"], "đang xem xét khiếu nại", "đơn của bà L."),
        ("Xem xét tiếp", name["chuyenvien1"], None, "bà L. rút đơn"),
        ("Đối chiếu với quy định", None, "đủ điều kiện", None),
        ("Phòng Nội vụ kết luận đủ điều kiện", name["chuyenvien1"], None, None),
        ("Ký quyết định khen thưởng", name["chutich"], "1-2024", None),
    ]
    assert {str(event.at.tzinfo) for event in seen} == {"Asia/Ho_Chi_Minh"}
    assert [event.index for event in seen] == sorted(event.index for event in seen)


def test_the_unit_is_not_told_who_complained(office: Any) -> None:
    (code,) = office.open_round().file()
    by = {"actor": office.chuyenvien1, "now": office.now}
    office.act(review.pause, [code], ground="complaint", reason="đơn của bà L.", **by)
    office.act(review.resume, [code], reason="bà L. rút đơn", **by)
    office.act(review.return_for_supplement, [code], reason="thiếu báo cáo", **by)
    seen = office.look(timeline.events, code, actor=office.officer("XA01"))
    assert "bà L." not in repr(seen)
    assert [event.reason for event in seen if event.reason] == ["thiếu báo cáo"]


def test_an_erased_field_leaves_the_event(small_office: Any) -> None:
    (code,) = small_office.open_round().file()
    small_office.write("DROP TRIGGER ledger_opening_no_update")
    small_office.write("UPDATE ledger_opening SET openings = '{}'")
    seen = small_office.look(timeline.events, code, actor=small_office.thuky)
    assert [(event.kind, event.who) for event in seen] == [("nomination:drafted", None), ("nomination:submitted", None)]
