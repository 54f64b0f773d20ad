"""Scans of a dossier: who may lay them there until when, what is there afterwards, and what a taken-out one leaves."""

import hashlib
import json
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations import files
from operations.chairman_signature import signature
from operations.council_vote import recusals
from operations.home_affairs_review import review
from operations.unit_proposal import attachments, proposal
from operations.views import timeline
from rules.lifecycle import State
from rules.policy import OPEN_TO_PAPERS
from rules.refusal import Refusal

PDF = b"%PDF-1.7 to trinh"
ROWS = "SELECT number, nomination_id IS NULL, part, name, added_by, removed_by FROM attachment ORDER BY id"


def scan(content: bytes = PDF, name: str = "to-trinh.pdf") -> Any:
    return files.row(
        hashlib.sha256(content).hexdigest(), size=len(content), media_type=attachments.media_type(content), name=name
    )


def attach(office: Any, code: str, *, by: str = "canbo.xa01", **words: Any) -> Any:
    words = {"part": "to_trinh", "stored": scan(), "now": office.now, "actor": office.actor(by)} | words
    return office.act(lambda s: attachments.add(s, code, **words).number)


def refusal(office: Any, *given: Any, **words: Any) -> str:
    with pytest.raises(Refusal) as refused:
        attach(office, *given, **words)
    return refused.value.code


def there(office: Any, code: str, by: str = "chuyenvien1") -> list[tuple[int, str, bool]]:
    found = office.look(attachments.of, code, actor=office.actor(by))
    return [(one["number"], one["name"], one["whole_dossier"]) for one in found]


def test_a_paper_of_one_and_a_paper_of_all(office: Any) -> None:
    first, second = office.open_round().file(2)
    assert attach(office, first, part="bao_cao_thanh_tich", stored=scan(b"%PDF-1", "bao-cao.pdf")) == 1
    assert attach(office, second, whole=True) == 2
    assert there(office, first) == [(1, "bao-cao.pdf", False), (2, "to-trinh.pdf", True)]
    assert there(office, second) == [(2, "to-trinh.pdf", True)]
    assert office.rows(ROWS) == [
        (1, False, "bao_cao_thanh_tich", "bao-cao.pdf", "canbo.xa01", None),
        (2, True, "to_trinh", "to-trinh.pdf", "canbo.xa01", None),
    ]
    told = office.look(timeline.events, second, actor=office.chuyenvien1)
    assert [(one.words, one.detail) for one in told if one.kind.startswith("attachment")] == [
        ("Kèm giấy tờ", "Tờ trình")
    ]
    assert office.violations() == []


@pytest.mark.parametrize("state", sorted(State))
def test_until_it_is_passed(small_office: Any, state: State) -> None:
    (code,) = small_office.open_round().to(state)
    before = small_office.digests()
    if state in OPEN_TO_PAPERS:
        assert attach(small_office, code) == 1
        assert small_office.violations() == []
    else:
        assert refusal(small_office, code) == "wrong_state"
        assert small_office.digests() == before


@pytest.mark.parametrize(
    ("by", "code"),
    [("canbo.xa02", "not_your_unit"), ("truong.xa01", "not_your_role"), ("chuyenvien1", "not_your_role"),
     ("chutich", "not_your_role"), ("quantri", "not_your_role")],
)  # fmt: skip
def test_only_the_units_officer_or_the_secretary(office: Any, by: str, code: str) -> None:
    (own,) = office.open_round().file()
    before = office.digests()
    assert refusal(office, own, by=by) == code
    assert office.digests() == before
    assert attach(office, own, by="thuky") == 1
    assert office.rows("SELECT username, duty FROM duty") == [("thuky", "proposed")]  # she counts and signs it no more


def test_what_is_refused_leaves_nothing(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = office.open_round().file()
    attach(office, code)
    monkeypatch.setattr(attachments, "MOST", 2)
    before = office.digests()
    assert refusal(office, code, part="giay_bao") == "unknown_part"
    assert (
        refusal(office, code, stored=scan(name="khac.pdf")) == "already_attached"
    )  # the same content as the same part
    assert office.digests() == before
    attach(office, code, part="other")
    assert refusal(office, code, stored=scan(b"%PDF-3")) == "too_many"
    assert attach(office, code, stored=scan(b"%PDF-3"), whole=True) == 3  # counted by itself


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 docx", b"<html>", b"MZ", b"%PD", b"GIF89a"])
def test_a_scan_is_known_by_its_content(content: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        attachments.media_type(content)
    assert refused.value.code == "not_a_scan"


def test_a_scan_is_at_most_ten_megabytes() -> None:
    assert attachments.media_type(b"%PDF-" + bytes(attachments.LIMIT - 5)) == "application/pdf"
    with pytest.raises(Refusal) as refused:
        attachments.media_type(b"%PDF-" + bytes(attachments.LIMIT - 4))
    assert refused.value.code == "file_too_large"


@pytest.mark.parametrize(
    ("said", "kept"),
    [("C:\\quét\\tờ trình.pdf", "tờ trình.pdf"), ("../../etc/passwd", "passwd"), ("a\x00\u202eb.pdf", "ab.pdf"),
     (None, "giay-to"), ("", "giay-to"), ("x" * 300 + ".pdf", "x" * 196 + ".pdf")],
)  # fmt: skip
def test_a_name_is_kept_as_a_name(said: str | None, kept: str) -> None:
    assert attachments.file_name(said) == kept


def test_taken_out_only_the_line_stays(office: Any) -> None:
    first, second = office.open_round().file(2)
    attach(office, first)
    attach(office, second, part="other", stored=scan(PDF, "nhầm.pdf"))
    office.act(attachments.remove, first, 1, actor=office.officer("XA01"), now=office.now)
    assert there(office, first) == []
    assert office.rows(ROWS)[0] == (1, False, "to_trinh", None, "canbo.xa01", "canbo.xa01")
    assert office.one("SELECT count(*) FROM stored_file") == 1  # the second still names the content
    office.act(attachments.remove, second, 2, actor=office.thuky, now=office.now)
    assert office.one("SELECT count(*) FROM stored_file") == 0
    told = office.look(timeline.events, first, actor=office.chuyenvien1)
    officer = office.officer("XA01").name
    assert [(one.words, one.who) for one in told if one.kind.startswith("attachment")] == [
        ("Kèm giấy tờ", officer), ("Rút giấy tờ đã kèm", officer),
    ]  # fmt: skip
    with pytest.raises(Refusal) as refused:
        office.act(attachments.remove, first, 1, actor=office.officer("XA01"), now=office.now)
    assert refused.value.code == "unknown_attachment"
    assert office.violations() == []


def test_what_was_missing_is_there_with_its_scan_and_judged_again(office: Any) -> None:
    (listed,) = office.open_round().file(parts=("bao_cao_thanh_tich",))
    asked = "SELECT count(*) FROM outbox_message WHERE kind = 'stage_entered'"

    def judged() -> list[str]:
        office.act(review.evaluate, codes=[listed], now=office.now)
        found = json.loads(office.look(review.latest, [listed])[listed].findings)
        return [one["rule"] for one in found if one["verdict"] == "not_met"]

    assert judged() == ["dossier.to_trinh", "dossier.bien_ban_binh_xet"]
    office.settle_outbox()  # one waiting message a stage is enough
    before = office.one(asked)
    attach(office, listed, part="to_trinh")
    assert office.one(asked) == before + 1  # the engine looks at the dossier once more
    attach(office, listed, part="bien_ban_binh_xet")
    attach(office, listed, part="bao_cao_thanh_tich")
    assert judged() == []
    for number in (1, 3):
        office.act(attachments.remove, listed, number, actor=office.officer("XA01"), now=office.now)
    assert judged() == ["dossier.to_trinh"]  # the report is still what the unit said: there
    assert office.violations() == []


def test_nobody_passes_what_they_have_not_seen(office: Any) -> None:
    """The version that a reviewer read ends with each paper that comes or goes, of the whole dossier too."""
    first, second = office.open_round().file(2)
    versions = dict(office.rows("SELECT code, version FROM nomination"))
    attach(office, first, whole=True)
    for code in (first, second):
        (result,) = office.act(
            review.pass_review, [code], actor=office.chuyenvien1, now=office.now, versions={code: versions[code]}
        )
        assert result.refusal.code == "stale"
    assert office.states([first, second]) == ["submitted"] * 2


def removal(office: Any, code: str, number: int) -> str:
    with pytest.raises(Refusal) as refused:
        office.act(attachments.remove, code, number, actor=office.officer("XA01"), now=office.now)
    return refused.value.code


def test_what_somebody_relied_on_stays_whatever_happens_later(small_office: Any) -> None:
    office = small_office
    round_ = office.open_round()
    sent_back, paused, held = round_.file(3)
    for code in (sent_back, paused, held):
        attach(office, code)
    by = {"now": office.now, "reason": "vì lý do của bài thử"}
    office.act(review.pause, [held], ground="denunciation", actor=office.chuyenvien1, **by)
    office.act(review.pass_review, [sent_back, paused], actor=office.chuyenvien1, now=office.now)
    office.act(review.pause, [paused], ground="denunciation", actor=office.thuky, **by)
    round_.vote("approve")
    office.act(signature.send_back, [sent_back], actor=office.chutich, **by)
    assert office.states([sent_back, paused, held]) == ["submitted", "paused", "paused"]
    before = office.digests()
    for number, code in enumerate((sent_back, paused, held), start=1):
        assert removal(office, code, number) == "wrong_state"
        assert [one["removable"] for one in office.look(attachments.of, code, actor=office.thuky)] == [False]
    assert office.digests() == before
    for code in (sent_back, paused, held):
        attach(office, code, stored=scan(b"%PDF-more"))  # a further one may come


def test_a_paper_of_all_comes_only_where_none_was_passed(small_office: Any) -> None:
    office = small_office
    passed, open_, withdrawn = office.open_round().file(3)
    by = {"now": office.now, "reason": "vì lý do của bài thử"}
    office.act(proposal.withdraw, [withdrawn], actor=office.officer("XA01"), **by)
    attach(office, open_, whole=True)
    office.act(
        attachments.remove, open_, 1, actor=office.officer("XA01"), now=office.now
    )  # the withdrawn one counts no more
    office.act(review.pass_review, [passed], actor=office.chuyenvien1, now=office.now)
    before = office.digests()
    assert refusal(office, open_, whole=True) == "wrong_state"
    assert office.digests() == before


def test_a_paper_taken_out_is_forgotten_by_the_ledger_too(office: Any) -> None:
    (code,) = office.open_round().file()
    attach(office, code, stored=scan(PDF, "đơn của ai đó.pdf"))
    kept = "SELECT count(*) FROM ledger_opening WHERE openings LIKE :said"
    sha256 = hashlib.sha256(PDF).hexdigest()
    assert [office.one(kept, said=f"%{said}%") for said in ("của ai đó", sha256)] == [1, 1]
    assert office.act(attachments.remove, code, 1, actor=office.officer("XA01"), now=office.now) == sha256
    assert [office.one(kept, said=f"%{said}%") for said in ("của ai đó", sha256)] == [0, 0]
    assert office.violations() == []


def test_what_others_were_passed_with_stays(office: Any) -> None:
    round_ = office.open_round()
    passed, open_ = round_.file(2)
    attach(office, open_, whole=True)
    attach(office, passed, part="other")
    office.act(review.pass_review, [passed], actor=office.chuyenvien1, now=office.now)
    before = office.digests()
    assert (removal(office, open_, 1), removal(office, passed, 2)) == ("wrong_state", "wrong_state")
    assert office.digests() == before


def test_who_stands_aside_sees_no_paper_nor_one_of_its_whole_dossier(office: Any) -> None:
    round_ = office.open_round()
    aside, sibling = round_.file(2)
    attach(office, sibling, whole=True)
    attach(office, sibling, part="other")
    office.act(review.pass_review, [aside, sibling], actor=office.chuyenvien1, now=office.now)
    session = round_.session()
    recusal = {"member": "tv05", "nomination": aside, "ground": "người thân", "actor": office.thuky, "now": office.now}
    office.act(recusals.recuse, session, **recusal)
    assert [number for number, _, _ in there(office, sibling, by="tv06")] == [1, 2]
    assert [number for number, _, _ in there(office, sibling, by="tv05")] == [2]
    with pytest.raises(Refusal) as refused:
        there(office, aside, by="tv05")
    assert refused.value.code == "recused_from"


LONG_AGO = timedelta(days=7, minutes=1).total_seconds()


def age(folder: Path, *digests: str) -> None:
    for sha256 in digests:
        os.utime(files.place(folder, sha256), (time.time() - LONG_AGO,) * 2)


def test_contents_that_nobody_names_are_swept_after_a_week(small_office: Any, tmp_path: Path) -> None:
    """However many they are: a flood of them does not switch the tidying off."""
    (code,) = small_office.open_round().file()
    named, fresh, *orphans = (
        files.keep(tmp_path, content) for content in (PDF, b"%PDF-fresh", *(b"%%PDF-%d" % n for n in range(30)))
    )
    attach(small_office, code)
    age(tmp_path, named, *orphans)
    cut_off = files.place(tmp_path, named).with_name("tmpabcdef")
    cut_off.write_bytes(b"half")
    os.utime(cut_off, (time.time() - LONG_AGO,) * 2)
    assert small_office.look(files.sweep, tmp_path) == 31
    assert [files.place(tmp_path, sha256).exists() for sha256 in (named, fresh, *orphans)] == [
        True,
        True,
        *[False] * 30,
    ]
    age(tmp_path, fresh)
    files.keep(tmp_path, b"%PDF-fresh")  # handed in again: its week begins anew
    assert small_office.look(files.sweep, tmp_path) == 0
    assert small_office.look(files.release, tmp_path, fresh) is None
    assert not files.place(tmp_path, fresh).exists()


def test_files_of_another_database_or_of_its_later_state_are_left_alone(furnish: Any, tmp_path: Path) -> None:
    here, former, other = (furnish("sqlite") for _ in range(3))
    here.open_round()
    other.open_round(title="Của cơ quan khác")
    (tmp_path / "files").mkdir()
    assert here.look(files.sweep, tmp_path) == 0  # and names the folder's database
    orphan = files.keep(tmp_path, b"%PDF-orphan")
    age(tmp_path, orphan)
    for stranger in (former, other):  # restored from before the round, or another one
        assert stranger.look(files.sweep, tmp_path) == 0
        assert stranger.look(files.belongs, tmp_path) is False
        stranger.open_round(kind="PHONG_TRAO", title="Đợt khác")  # grown past it since: still another one
        assert stranger.look(files.sweep, tmp_path) == 0
    (tmp_path / "files" / files.MARKER).write_text("{", encoding="utf-8")
    assert here.look(files.sweep, tmp_path) == 0
    (tmp_path / "files" / files.MARKER).unlink()
    assert here.look(files.sweep, tmp_path) == 1
    assert not files.place(tmp_path, orphan).exists()


def test_a_day_has_room_for_so_much_of_one_person(small_office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FILES_A_DAY", 2)
    monkeypatch.setattr(files, "MOST_BYTES_A_DAY", 10 * 2**20)
    day = datetime(2026, 3, 1, 5, tzinfo=UTC)
    small_office.act(files.count, small_office.thuky, 6 * 2**20, wall=day)
    for who, size in ((small_office.thuky, 5 * 2**20), (small_office.chuyenvien1, 11 * 2**20)):
        with pytest.raises(Refusal) as refused:
            small_office.act(files.count, who, size, wall=day)
        assert refused.value.code == "too_many_files_today"
    small_office.act(files.count, small_office.thuky, 1, wall=day)
    with pytest.raises(Refusal):
        small_office.act(files.count, small_office.thuky, 1, wall=day)
    small_office.act(files.count, small_office.thuky, 1, wall=day + timedelta(days=1))
    assert small_office.act(files.forget_counts, today=date(2026, 3, 2)) == 1
