"""One nomination with everything that happened to it, read from the ledger; and the ledger's kinds in words."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import entry
from models import Account, Appraisal, Decision, LedgerEntry, LedgerOpening, Nomination, SubmissionLetter
from models.types import by_first, table
from operations import access, transition, visibility
from operations.access import Actor
from operations.home_affairs_review import review
from operations.unit_proposal import attachments
from operations.views import nominations

# Every kind that an operation records, as people call it.
WORDS: dict[str, str] = {
    "nomination:drafted": "Đơn vị lập hồ sơ",
    "nomination:mended": "Đơn vị sửa, bổ sung hồ sơ",
    "duty:noted": "Ghi người cùng tham gia đề nghị, thẩm định hoặc kiểm phiếu",
    "nomination:papers_changed": "Thay đổi giấy tờ kèm theo",
    "nomination:submitted": "Đơn vị nộp hồ sơ",
    "nomination:withdrawn": "Đơn vị rút hồ sơ",
    "nomination:returned": "Phòng Nội vụ trả lại để bổ sung",
    "nomination:passed_review": "Phòng Nội vụ kết luận đủ điều kiện",
    "nomination:found_ineligible": "Phòng Nội vụ kết luận không đủ điều kiện",
    "nomination:paused": "Tạm dừng, chờ kết luận",
    "nomination:resumed": "Xem xét tiếp",
    "nomination:put_on_ballot": "Đưa ra Hội đồng bỏ phiếu",
    "nomination:taken_off_ballot": "Hội đồng hủy lượt bỏ phiếu",
    "nomination:recommended": "Hội đồng đề nghị khen thưởng",
    "nomination:not_recommended": "Hội đồng không đề nghị khen thưởng",
    "nomination:sent_back": "Chủ tịch yêu cầu thẩm định lại",
    "nomination:refused": "Chủ tịch không khen thưởng",
    "nomination:signed": "Ký quyết định khen thưởng",
    "nomination:forwarded": "Ký tờ trình cấp trên",
    "nomination:refused_above": "Cấp trên không khen thưởng",
    "nomination:disclosed": "Công khai",
    "nomination:closed": "Hoàn thành",
    "nomination:revoked": "Hủy bỏ quyết định khen thưởng",
    "appraisal:found": "Đối chiếu với quy định",
    "account:created": "Lập tài khoản",
    "account:disabled": "Khóa tài khoản",
    "account:enabled": "Mở lại tài khoản",
    "account:invited": "Gửi liên kết đăng nhập lần đầu",
    "account:identities_unlinked": "Bỏ liên kết đăng nhập bên ngoài",
    "account:identity_linked": "Liên kết đăng nhập bên ngoài",
    "account:password_set": "Đặt mật khẩu",
    "account:second_factor_removed": "Bỏ mã xác thực hai lớp",
    "account:second_factor_set": "Đặt mã xác thực hai lớp",
    "account_request:asked": "Quản trị yêu cầu việc với tài khoản, chờ người khác xác nhận",
    "account_request:confirmed": "Xác nhận việc với tài khoản",
    "account_request:done_alone": "Quản trị làm việc với tài khoản một mình, không ai khác xác nhận được",
    "account_request:refused": "Từ chối việc với tài khoản",
    "account_request:withdrawn": "Rút yêu cầu việc với tài khoản",
    "api_token:issued": "Cấp khóa truy cập cho chương trình",
    "api_token:revoked": "Thu hồi khóa truy cập",
    "attachment:added": "Kèm giấy tờ",
    "attachment:removed": "Rút giấy tờ đã kèm",
    "authorisation:ended": "Chấm dứt ủy quyền",
    "authorisation:given": "Ủy quyền bằng văn bản",
    "agenda:counted": "Ghi kết quả kiểm phiếu",
    "agenda:set": "Lập chương trình họp",
    "ballot:closed": "Đóng phiếu",
    "ballot:counted": "Kiểm phiếu",
    "ballot:opened": "Mở phiếu",
    "comment:written": "Ghi ý kiến",
    "conflict:denied": "Thành viên trả lời không có xung đột lợi ích",
    "conflict:detected": "Dữ liệu cho thấy có thể có xung đột lợi ích",
    "conflict:recused": "Thành viên tránh hồ sơ vì xung đột lợi ích",
    "conflict:waived": "Thư ký xác nhận thành viên được biểu quyết",
    "council:set_up": "Thành lập Hội đồng",
    "council_member:appointed": "Cử thành viên Hội đồng",
    "council_member:dismissed": "Cho thôi thành viên Hội đồng",
    "deadline:computed": "Tính thời hạn",
    "deadline:fixed": "Ấn định thời hạn",
    "deadline:reminded": "Nhắc việc sắp đến hạn",
    "decision:paper_rendered": "In quyết định",
    "decision:revoked": "Hủy bỏ quyết định",
    "decision:signed": "Ký quyết định",
    "disclosure:published": "Công khai quyết định",
    "dossier:filed": "Nộp tờ trình",
    "dossier:received": "Tiếp nhận để thẩm định",
    "escalation:raised": "Đôn đốc việc quá hạn",
    "hand_count:entered": "Ghi số phiếu đếm tay",
    "member:attended": "Ghi thành viên dự họp",
    "member:called": "Mời thành viên họp",
    "member:left": "Bỏ ghi thành viên dự họp",
    "nominee:mended": "Sửa tên, thông tin người được đề nghị",
    "nominee:registered": "Ghi người được đề nghị",
    "open_vote:cast": "Biểu quyết công khai",
    "pause:begun": "Dừng tính thời hạn",
    "pause:ended": "Tính tiếp thời hạn",
    "petition:answered": "Trả lời phản ánh",
    "petition:received": "Tiếp nhận phản ánh",
    "recusal:declared": "Thành viên tránh hồ sơ",
    "regulation:registered": "Nạp Quy chế",
    "role:ended": "Thôi giao vai trò",
    "role:granted": "Giao vai trò",
    "roll:signed": "Thành viên đã bỏ phiếu",
    "round:advanced": "Chuyển khâu",
    "round:opened": "Mở đợt xét",
    "session:ballot_annulled": "Hủy lượt bỏ phiếu",
    "session:ballot_closed": "Đóng phiếu",
    "session:ballot_opened": "Mở phiếu",
    "session:cancelled": "Hủy phiên họp",
    "session:convened": "Triệu tập Hội đồng",
    "session:rescheduled": "Đổi giờ, địa điểm họp",
    "session:tallied": "Kiểm phiếu",
    "submission_letter:answered": "Cấp trên trả lời tờ trình",
    "submission_letter:paper_rendered": "In tờ trình",
    "submission_letter:signed": "Ký tờ trình",
    "unit:ended": "Đơn vị kết thúc hoạt động",
    "unit:registered": "Ghi đơn vị",
}
VERDICTS = {
    "eligible": "đủ điều kiện",
    "ineligible": "không đủ điều kiện",
    "paused": "phải chờ kết luận",
    "unknown": "còn điểm chưa kết luận được",
    "wrong_authority": "không thuộc thẩm quyền cấp này",
    "no_pack": "chưa có bộ quy định cho ngày xét",
}
# What happened to something of a nomination's: an appraisal, a paper that lies with it.
_BESIDE = ("appraisal:found", "attachment:added", "attachment:removed")
_HELD = frozenset({"nomination:paused", "nomination:resumed"})  # their reason may point at who complained
_E, _O = table(LedgerEntry).c, table(LedgerOpening).c


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: in words, when (Vietnam's clock), by whom where the ledger says it, and why."""

    index: int
    kind: str
    words: str
    at: datetime
    who: str | None
    detail: str | None
    reason: str | None


def words(kind: str) -> str:
    """A ledger kind as people call it; one without words stays as it is."""
    return WORDS.get(kind, kind)


def events(session: Session, code: str, *, actor: Actor) -> list[Event]:
    """What happened to a nomination, oldest first, for somebody who may read it.

    Why it was paused is the office's alone: it may point at who complained (Luật Tố cáo 25/2018/QH14). Raises what
    `sight.require` raises.
    """
    row = visibility.require(session, code, actor=actor)
    appraised = session.exec(select(Appraisal.sequence).where(Appraisal.nomination_id == row.id))
    subjects = [code, *(f"{code}/{sequence}" for sequence in appraised), *attachments.subjects(session, row)]
    query = (
        sa.select(_E.index.label("place"), _E.kind, _E.leaf, _O.openings)
        .join_from(LedgerEntry, LedgerOpening, _E.index == _O.index, isouter=True)
        .where(
            _E.subject.in_(subjects),
            (_E.subject == code) | _E.kind.in_(_BESIDE),
            _E.kind != "nomination:papers_changed",  # the paper's own entry says more
        )
        .order_by(_E.index)
    )
    found = [(said, _opened(said.openings)) for said in session.execute(query)]
    signers = _signers(session, {str(opened["paper"]) for _, opened in found if opened.get("paper")})
    names = _names(session, {who for _, opened in found if (who := _who(opened, signers))})
    inside = actor.holds(*visibility.OFFICE)
    return [
        Event(
            index=said.place,
            kind=said.kind,
            words=words(said.kind),
            at=entry.decode(said.leaf.encode()).at.astimezone(access.LOCAL),
            who=names.get(_who(opened, signers) or ""),
            detail=_detail(opened),
            reason=str(opened["reason"]) if opened.get("reason") and (inside or said.kind not in _HELD) else None,
        )
        for said, opened in found
    ]


def _opened(text: str | None) -> dict[str, Any]:
    """What is kept of an entry's fields; an erased one is not there any more."""
    return {name: value for name, (_, value) in json.loads(text or "{}").items()}


def _who(opened: dict[str, Any], signers: dict[str, str]) -> str | None:
    if opened.get("reviewed_by"):
        return str(opened["reviewed_by"])
    if any(opened.get("removed", ())):  # when, who took the paper out again
        return str(opened["removed"][-1])
    if "who" in opened:  # nominee, unit, dossier, round, who drafted it; of a paper: when, who added it
        return str(opened["who"][-1])
    return signers.get(str(opened.get("paper")))


def _detail(opened: dict[str, Any]) -> str | None:
    if "verdict" in opened:
        return VERDICTS.get(str(opened["verdict"]), str(opened["verdict"]))
    if "about" in opened and "file" in opened:  # of which nomination, which part; hash, name
        part = str(opened["about"][-1])
        return attachments.PARTS.get(part, part)
    if opened.get("ground"):
        return review.PAUSE_GROUNDS.get(str(opened["ground"]), str(opened["ground"]))
    return str(opened["paper"]) if opened.get("paper") else None


def _signers(session: Session, papers: Iterable[str]) -> dict[str, str]:
    wanted = list(papers)
    found: dict[str, str] = {}
    for model in (Decision, SubmissionLetter) if wanted else ():
        columns = table(model).c
        found |= by_first(session.execute(sa.select(columns.code, columns.signed_by).where(columns.code.in_(wanted))))
    return found


def _names(session: Session, usernames: Iterable[str]) -> dict[str, str]:
    """Username → name; one who has no account any more keeps the username."""
    wanted = list(usernames)
    known = session.execute(
        sa.select(col(Account.username), col(Account.display_name)).where(col(Account.username).in_(wanted))
    )
    return dict(zip(wanted, wanted, strict=True)) | by_first(known)


def of_nomination(session: Session, code: str) -> dict[str, Any]:
    """`nominations show` of docs/contract.md. Raises Refusal `unknown_nomination`."""
    rows = [row for row in nominations.listing_of(session, [code]) if row["code"] == code]
    if not rows:
        raise transition.unknown(code)
    nomination = session.exec(select(Nomination).where(Nomination.code == code)).one()
    appraisal = review.latest(session, [code]).get(code)
    return {
        **rows[0],
        "reason": nomination.reason,
        "verdict": appraisal.verdict if appraisal else None,
        "pack": appraisal.pack if appraisal else None,
        "pack_sha256": appraisal.pack_sha256 if appraisal else None,
        "findings": json.loads(appraisal.findings) if appraisal else [],
        "timeline": [
            {"index": said.index, "kind": said.kind, "at": said.at.isoformat()}
            for said in (
                entry.decode(row.leaf.encode())
                for row in session.exec(
                    select(LedgerEntry).where(LedgerEntry.subject == code).order_by(col(LedgerEntry.index))
                )
            )
        ],
    }
