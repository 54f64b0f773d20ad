"""One story in which every verb of the five stages acts: each fails whole when its ledger does, each letter can be read."""

import json
from collections.abc import Callable, Generator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

import models
from ledger import kinds
from notifications import letters, message
from operations import access, record, regulations, rounds, seal, security_log, transition
from operations.access import Actor
from operations.chairman_signature import signature
from operations.council_vote import conflicts_answered, convening, council, counting, recusals, vote
from operations.home_affairs_review import comments, correcting, declining, review
from operations.people import account_requests, accounts, authorisations, links, passwords, roles, units
from operations.public_disclosure import disclosure, petitions
from operations.unit_proposal import mending, proposal
from operations.upkeep import deadlines
from rules import regulation
from rules.lifecycle import Role
from rules.refusal import Refusal

pytestmark = pytest.mark.both_databases

REASON = "vì lý do của bài thử"
MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))
Act = Callable[[Any], Any]
Story = Generator[Act, Any, None]


def story(office: Any, round_code: Callable[[], Any]) -> Story:
    """Yields one act at a time and is sent its answer; `round_code` makes proposals for the office's next round."""
    now, say = office.now, partial
    secretary, reviewer, chairman = office.thuky, office.chuyenvien1, office.chutich
    officer = office.officer("XA01")
    since = date(2024, 1, 1)

    # The house itself.
    school = yield say(
        units.add,
        code="TH99",
        name="Trường Mẫu",
        level="district",
        email="th99@nammau.example",
        valid_from=since,
        actor=office.quantri,
    )
    yield say(accounts.add, username="nguoi.moi", name="Lò Thị Mẫu", email="m@nammau.example", actor=office.quantri)
    for hashed in ("$argon2id$1", "$argon2id$2"):  # at first, and once more: of the second its owner is told
        yield say(set_password, username="nguoi.moi", hashed=hashed)
    given = {"username": "nguoi.moi", "document": "9/QĐ", "valid_from": since, "actor": office.quantri, "now": now}
    yield say(roles.grant, role=Role.UNIT_OFFICER, unit=school.code, **given)
    yield say(set_password, username="thuky", hashed="$argon2id$3")
    asked = yield say(roles.grant, role=Role.COUNCIL_MEMBER, **given)
    yield say(account_requests.confirm, number=asked.number, actor=secretary, now=now)
    invite = say(links.invite, username="nguoi.moi", actor=office.quantri, now=now)
    for settle in (account_requests.decline, account_requests.confirm):
        _, _, waits = yield invite
        yield say(settle, number=waits.number, actor=secretary, now=now)
    yield say(
        council.set_up, code="HD-8", name="Hội đồng", decision_number="8", valid_from=date(2031, 1, 1), actor=secretary
    )
    seat = {"council_code": "HD-8", "username": "nguoi.moi"}
    yield say(
        council.appoint, title="Ủy viên", body="Huyện đoàn", valid_from=date(2031, 1, 1), teller=True, actor=secretary,
        now=now, **seat,
    )  # fmt: skip
    yield say(council.dismiss, until=date(2032, 1, 1), actor=secretary, **seat)
    yield say(
        authorisations.authorise,
        deputy="phochutich",
        document="9/UQ",
        scope="all",
        valid_from=since,
        valid_to=date(2024, 12, 31),
        actor=chairman,
        now=now,
    )
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace("01/QC", "09/QC")
    yield say(regulations.register, text=text, now=now, by="thuky")

    # 1. unit_proposal
    made = yield say(
        rounds.open_round, kind="CONG_TRANG", year=2024, title="Năm 2024", actor=secretary, now=now,
        proposals_due=date(2024, 11, 6),
    )  # fmt: skip
    round_ = round_code()
    code = made.code
    yield say(
        rounds.extend, code=code, stage="unit_proposal", until=date(2024, 11, 8), reason="mưa lũ", actor=secretary,
        now=now,
    )  # fmt: skip

    def file(count: int, **words: Any) -> Act:
        given = {"round_code": code, "unit_code": "XA01", "actor": officer, "now": now}
        submit = words.pop("submit", True)
        return say(proposal.file, proposals=round_.proposals(count, **words), submit=submit, **given)

    drafts = list((yield file(2, submit=False)).codes)
    here = list((yield file(6)).codes)
    for body in ("Huyện ủy", "Công an huyện"):  # whom tv06 and tv09 stand for
        here += (yield file(1, workplace=body)).codes
    above = list((yield file(2, award="BK_TINH")).codes)
    yield say(mending.mend, code=drafts[0], actor=officer, now=now, achievement="thành tích khác")
    yield say(deadlines.sweep, now=now + timedelta(days=6))  # two working days before: reminded
    yield say(deadlines.sweep, now=now + timedelta(days=13))  # four after: the first step
    yield say(proposal.submit, codes=drafts[:1], actor=officer, now=now)
    yield say(proposal.withdraw, codes=drafts[1:], reason=REASON, actor=officer, now=now)
    slipped = list((yield file(1)).codes)
    person = {"position": "Giáo viên", "birth_date": date(1985, 9, 5)}
    yield say(correcting.correct, code=slipped[0], person=person, reason=REASON, actor=reviewer, now=now)
    yield say(declining.decline, codes=slipped, reason=REASON, actor=reviewer, now=now)

    # 2. home_affairs_review
    yield say(review.evaluate, now=now, round_code=code)
    yield say(review.return_for_supplement, codes=here[:1], reason=REASON, actor=reviewer, now=now)
    yield say(proposal.submit, codes=here[:1], actor=officer, now=now)
    yield say(review.find_ineligible, codes=here[1:2], reason=REASON, actor=reviewer, now=now)
    yield say(review.pause, codes=here[2:3], ground="complaint", reason=REASON, actor=reviewer, now=now)
    yield say(review.resume, codes=here[2:3], reason=REASON, actor=reviewer, now=now)
    going = [code for code in (*drafts[:1], *here, *above) if code != here[1]]
    yield say(review.pass_review, codes=going, actor=reviewer, now=now)
    yield say(rounds.advance, code=code, actor=secretary, now=now)
    yield say(rounds.advance, code=code, actor=secretary, now=now)

    # 3. council_vote
    convene = say(convening.convene, round_code=code, at=now, place="Hội trường", actor=secretary, now=now)
    off = (yield convene).code
    yield say(convening.cancel, session_code=off, reason=REASON, actor=secretary, now=now)

    def called(sitting: str) -> Story:
        asked = {"session_code": sitting, "reason": REASON, "now": now}
        yield say(conflicts_answered.look_again, session_code=sitting, actor=secretary, now=now)
        yield say(conflicts_answered.deny, nominations=here[6:7], actor=office.tv06, **asked)
        yield say(conflicts_answered.waive, nominations=here[7:8], member="tv09", actor=secretary, **asked)
        yield say(
            conflicts_answered.declare, session_code=sitting, nomination=here[7], kind="kinship", actor=office.tv08,
            now=now,
        )  # fmt: skip
        yield say(convening.attend, session_code=sitting, members=MEMBERS[:9], actor=secretary)
        yield say(
            recusals.recuse, session_code=sitting, member="tv05", nomination=here[3], ground="con gái", actor=secretary,
            now=now,
        )  # fmt: skip

    spoilt = (yield convene).code
    yield from called(spoilt)
    yield say(vote.open_ballot, session_code=spoilt, actor=secretary, now=now, **office.key(spoilt))
    yield say(vote.annul_ballot, session_code=spoilt, reason=REASON, actor=secretary, now=now)
    sitting = (yield convene).code
    yield say(convening.reschedule, session_code=sitting, place="Phòng 2", reason=REASON, actor=secretary, now=now)
    yield from called(sitting)
    aside = {("tv05", here[3]), ("tv08", here[7])}
    key = office.key(sitting)
    agenda = (yield say(vote.open_ballot, session_code=sitting, actor=secretary, now=now, **key))["agenda"]
    yield say(deadlines.reminders_to_vote, round_code=code)
    for member in MEMBERS:
        against = {here[4]: "disapprove"}
        choices = {one: against.get(one, "approve") for one in agenda if (member, one) not in aside}
        yield say(vote.cast, session_code=sitting, choices=choices, actor=office.actor(member))
    yield say(vote.close_ballot, session_code=sitting, actor=secretary, now=now)
    brought = office.shares(sitting)
    counted = yield say(
        counting.tally_ballot, session_code=sitting, shares=brought, actor=office.actor("tv04"), now=now
    )
    recommended = [one["code"] for one in counted["results"] if one["outcome"] == "recommended"]
    yield say(rounds.advance, code=code, actor=secretary, now=now)

    # 4. chairman_signature
    yield say(signature.announce_waiting, round_code=code, now=now)
    yield say(signature.send_back, codes=here[5:6], reason=REASON, actor=chairman, now=now)
    yield say(signature.refuse, codes=here[6:7], reason=REASON, actor=chairman, now=now)
    rest = [one for one in recommended if one not in here[5:7]]
    signed = yield say(signature.sign, codes=rest, actor=chairman, now=now)
    ((decision,), (letter,)) = (signed.decisions, signed.letters)
    yield say(review.find_ineligible, codes=here[5:6], reason=REASON, actor=reviewer, now=now)
    yield say(rounds.advance, code=code, actor=secretary, now=now)

    # 5. public_disclosure
    url = "https://congkhai.nammau.example/"
    yield say(disclosure.attach_paper, code=decision, sha256=_paper(office))
    yield say(disclosure.disclose, paper=decision, actor=reviewer, now=now, url=url)
    yield say(
        disclosure.record_answer, letter_code=letter, number="88/QĐ-UBND", on=date(2024, 11, 1), refused=above[:1],
        reason=REASON, actor=reviewer, now=now,
    )  # fmt: skip
    yield say(disclosure.disclose, paper=letter, actor=reviewer, now=now, url=url)
    petition = yield say(petitions.file, text="Tôi không đồng ý.", nomination=here[0], now=now)
    yield say(petitions.dismiss, codes=[petition.code], reason=REASON, actor=reviewer, now=now)
    yield say(petitions.take_up, code=petition.code, taken_as="complaint", actor=reviewer, now=now)
    yield say(petitions.answer, code=petition.code, answer="Đã xem xét.", actor=reviewer, now=now)
    yield say(comments.write, code=here[0], text="Đã xem.", actor=reviewer, now=now)
    yield say(rounds.advance, code=code, actor=secretary, now=now)
    yield say(deadlines.sweep, now=now + timedelta(days=31))  # posted long enough
    yield say(disclosure.revoke, code=decision, ground="93.2.a", reason=REASON, actor=chairman, now=now)
    yield say(seal.seal, signer=office.signer, place=office.memory)


def set_password(session: Any, *, username: str, hashed: str) -> None:
    passwords.set_password(session, accounts.named(session, username), hashed, by=username)


def _paper(office: Any) -> str:
    sha256 = "c" * 64
    row = models.StoredFile(sha256=sha256, size=1, media_type="application/pdf", name="qd.pdf", stored_at=office.now)
    office.act(lambda session: session.add(row))
    return sha256


def play(office: Any, around: Callable[[Act], Any]) -> None:
    """Tell the story, each act through `around`, which answers what the act answered."""

    def next_round() -> Any:
        return office.open_round("DOT_XUAT")  # a second round, only for its numbered names

    told = story(office, next_round)
    act = next(told)
    while True:
        answer = around(act)
        results = answer if isinstance(answer, list) else getattr(answer, "results", [])
        assert [one for one in results if isinstance(one, transition.Result) and one.refusal] == []
        assert getattr(answer, "errors", ()) == ()
        try:
            act = told.send(answer)
        except StopIteration:
            return


class _LedgerDown(Exception):  # noqa: N818 -- a fake that fails on demand
    pass


def test_a_failing_ledger_fails_every_act_whole(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = record.record
    written = record._Pending.write
    calls: list[str] = []
    fail_at: list[int] = [0]

    def failing(session: Any, kind: str, changes: Any, **doer: Any) -> int:
        calls.append(kind)
        if len(calls) == fail_at[0]:
            raise _LedgerDown
        return real(session, kind, changes, **doer)

    def cut_off(self: Any, session: Any) -> None:
        if fail_at[0] == -1:
            raise _LedgerDown
        written(self, session)

    monkeypatch.setattr(record, "record", failing)
    monkeypatch.setattr(record._Pending, "write", cut_off)
    failed: list[str] = []
    traces: list[str] = []

    def around(act: Act) -> Any:
        name = act.func.__name__
        clean = office.digests()
        at = -1  # first the last write of all, then each entry from the first on
        while at < 40:
            calls.clear()
            fail_at[0] = at
            try:
                answer = office.act(act)
            except _LedgerDown:
                failed.append(name)
                if office.digests() != clean:
                    traces.append(f"{name} failing at {at}")
                at = 1 if at == -1 else at + 1
                continue
            fail_at[0] = 0
            return answer
        raise AssertionError(f"{name} does not end")

    play(office, around)
    assert traces == []
    silent = {"evaluate", "look_again", "announce_waiting", "reminders_to_vote", "seal"}
    verbs = {"add", "set_password", "grant", "invite", "decline", "confirm", "appoint", "authorise", "register",
             "open_round", "extend", "advance", "file", "mend", "correct", "submit", "withdraw", "sweep",
             "return_for_supplement", "find_ineligible", "pause", "resume", "pass_review",
             "set_up", "dismiss", "convene", "reschedule", "cancel", "attend", "recuse", "deny", "waive", "declare",
              "open_ballot", "annul_ballot", "cast", "close_ballot", "tally_ballot",
             "send_back", "refuse", "sign",
             "attach_paper", "disclose", "record_answer", "take_up", "answer", "revoke", "write"}  # fmt: skip
    assert set(failed) - silent == verbs
    assert office.violations() == []


def test_the_database_verifies_after_every_act(small_office: Any) -> None:
    found: list[str] = []

    def around(act: Act) -> Any:
        answer = small_office.act(act)
        violations = small_office.violations()
        if violations:
            found.append(f"{act.func.__name__}: {violations}")
        return answer

    play(small_office, around)
    assert found == []


# What the schedule does.
UNNAMED = dict.fromkeys(("sweep", "evaluate", "attach_paper"), "engine")


def test_every_act_names_who_did_it_and_for_whom(office: Any) -> None:
    """In each entry that a person's act adds, and in the row of the act; a deputy's also says whose act it is."""
    wrong: list[str] = []
    kinds_seen: set[str] = set()

    def around(act: Act) -> Any:
        before = office.one("SELECT size FROM ledger_head")
        answer = office.act(act)
        actor = act.keywords.get("actor")
        given = act.keywords.get("by") or act.keywords.get("username")
        name = "citizen" if act.func is petitions.file else UNNAMED.get(act.func.__name__) or given
        who = actor.username if actor else name
        entries = office.rows(
            "SELECT e.kind, o.openings, a.by, a.on_behalf_of FROM ledger_entry e "
            'JOIN ledger_opening o ON o."index" = e."index" '
            'LEFT JOIN ledger_act a ON a.first <= e."index" AND e."index" <= a.last '
            'WHERE e."index" >= :before',
            before=before,
        )
        for kind, openings, by, behalf in entries:
            kinds_seen.add(kind)
            said = {field: value for field, (_, value) in json.loads(openings).items()}
            expected = {who, "engine"} if kinds.Kind(kind).unnamed == "engine" else {who}
            if said["by"] not in expected or by != said["by"] or behalf != said.get("on_behalf_of"):
                wrong.append(f"{act.func.__name__}: {kind} by {said['by']}, {by}")
        if actor and entries and who not in {by for _, _, by, _ in entries}:
            wrong.append(f"{act.func.__name__}: nothing names {who}")
        return answer

    play(office, around)
    assert wrong == []
    assert len(kinds_seen) > 60


def test_a_changed_name_is_found(office: Any) -> None:
    """Who noted the quorum, who convened: another name in the act, or none, is a violation (exit 3)."""
    play(office, office.act)
    assert office.violations() == []
    acts = office.rows(
        'SELECT DISTINCT a.first, e.kind FROM ledger_act a JOIN ledger_entry e ON e."index" = a.first '
        "WHERE e.kind IN ('member:attended', 'session:convened', 'nomination:returned', 'petition:answered')"
    )
    assert {kind for _, kind in acts} == {
        "member:attended", "session:convened", "nomination:returned", "petition:answered",
    }  # fmt: skip
    on = "" if office.database.is_sqlite else " ON ledger_act"
    office.write(f"DROP TRIGGER ledger_act_no_update{on}")
    for first, kind in acts[-4:]:
        for change, back in (("by = 'tv03'", "by = :was"), ("on_behalf_of = 'chutich'", "on_behalf_of = NULL")):
            was = office.one("SELECT by FROM ledger_act WHERE first = :first", first=first)
            office.write(f"UPDATE ledger_act SET {change} WHERE first = :first", first=first)
            found = [one for one in office.violations() if "trigger" not in one["what"]]
            assert "ledger_act" in {one["table"] for one in found}, (kind, change)
            office.write(f"UPDATE ledger_act SET {back} WHERE first = :first", first=first, was=was)


# A petition has no checked address; a day of few; shares are handed over in person; no run of Prefect fails here.
NOT_QUEUED_HERE = {"digest", "petition_answered", "petitions_many", "share_waits", "run_failed"}


def test_every_letter_that_is_queued_can_be_read_and_sent(small_office: Any) -> None:
    play(small_office, small_office.act)
    rows = small_office.rows("SELECT key, topic, recipient, context FROM outbox_message WHERE kind = 'letter'")
    wrong = []
    for key, topic, recipient, context in rows:
        try:
            rendered = letters.render(topic, json.loads(context))
            sent = message.compose(
                key=key,
                sender="Vinh Danh <vinhdanh@nammau.example>",
                recipient=recipient,
                rendered=rendered,
                at=datetime(2024, 11, 1, tzinfo=UTC),
                domain="nammau.example",
            )
        except (letters.BadContext, message.UnsafeLetter) as error:
            wrong.append(f"{topic}: {error}")
            continue
        if f"X-Vinhdanh-Key: {key}".encode() not in sent or f"To: {recipient}".encode() not in sent:
            wrong.append(f"{topic}: key or recipient is not in the letter")
    assert wrong == []
    assert {topic for _, topic, _, _ in rows} == set(letters.KINDS) - NOT_QUEUED_HERE


def test_a_reach_is_written_to_the_security_log(office: Any) -> None:
    """As the door does: the refused act leaves nothing, the log line is an act of its own."""
    (code,) = office.open_round().file()
    stranger = office.officer("XA02")
    clean = office.digests()
    with pytest.raises(Refusal) as refused:
        office.act(review.pass_review, [code], actor=stranger, now=office.now)
    assert (refused.value.code, refused.value.reach) == ("not_your_role", True)
    with office.database.begin_unrecorded() as session:
        security_log.reach(session, actor=stranger.username, verb="pass_review", subject=code, refusal=refused.value)
    assert office.rows("SELECT actor, verb, subject, code FROM security_event WHERE code <> 'done'") == [
        ("canbo.xa02", "pass_review", code, "not_your_role")
    ]
    changed = {name for name, digest in office.digests().items() if digest != clean[name]}
    assert changed == {"security_event"}
    assert office.violations() == []


def test_a_reach_with_over_long_words_is_still_logged(office: Any) -> None:
    with office.database.begin_unrecorded() as session:
        security_log.reach(
            session,
            actor="a" * 300,
            verb="v" * 300,
            subject="s" * 300,
            refusal=Refusal("not_your_role", "…", reach=True),
        )
    assert office.one("SELECT length(actor) + length(verb) + length(subject) FROM security_event") == 80 + 60 + 200


def test_people_without_an_account_or_with_a_locked_one_are_a_reach(office: Any) -> None:
    office.write("UPDATE account SET disabled_at = :at WHERE username = 'tv03'", at="2024-10-01 00:00:00+00:00")
    answers = []
    for username in ("khong.co", "tv03"):
        with pytest.raises(Refusal) as refused:
            office.actor(username)
        answers.append((refused.value.code, refused.value.reach))
    assert answers == [("unknown_account", True), ("account_disabled", True)]


def test_a_role_is_held_between_its_days(office: Any) -> None:
    office.write("UPDATE role_grant SET valid_to = '2024-11-02' WHERE role = 'secretary'")
    held = []
    for day in ("2023-12-31", "2024-01-01", "2024-11-01", "2024-11-02"):
        now = datetime.fromisoformat(f"{day}T23:59:00+07:00")
        actor: Actor = office.look(access.actor, "thuky", now=now)
        held.append(sorted(actor.roles))
    assert held == [[], ["secretary"], ["secretary"], []]
