"""One synthetic context for each kind of letter, and a contact sheet of them all. Nobody named here exists."""

import html
from collections.abc import Mapping
from typing import Any

from notifications import letters

LETTERHEAD = letters.Letterhead(
    authority="Ủy ban nhân dân huyện Phong Thổ",
    office="Phòng Nội vụ",
    base_url="https://vinhdanh.example",
    contact="Phòng Nội vụ, điện thoại 0213 000 0000",
)

_ROUND = "Xét khen thưởng công tác năm 2024"
_UNIT = "Trường PTDTBT Tiểu học Bản Mẫu"
_ITEM = {"code": "HS-2024-0007", "nominee": "Lò Thị Mẫu", "award": "Chiến sĩ thi đua cơ sở"}
_OTHER = {"code": "HS-2024-0019", "nominee": "Tập thể Tổ chuyên môn số 2", "award": "Tập thể lao động tiên tiến"}
_CITED = {"document": "Luật 06/2022/QH15", "article": "23", "clause": "2", "point": None}
_STOPPED = {"unit_name": _UNIT, **_ITEM}

SAMPLES: Mapping[str, Mapping[str, Any]] = {
    "call_for_proposals": {
        "round_code": "DX-2024-01",
        "round_title": _ROUND,
        "due": "2024-11-29T17:00:00+07:00",
        "unit_name": _UNIT,
        "office": "Phòng Nội vụ huyện Phong Thổ",
    },
    "dossier_received": {
        "unit_name": _UNIT,
        "dossier_code": "HS-2024-B07",
        "count": 1294,
        "round_title": _ROUND,
        "by_award": [{"name": "Lao động tiên tiến", "count": 1280}, {"name": "Chiến sĩ thi đua cơ sở", "count": 14}],
        "due": "2024-12-27",
    },
    "dossier_returned": {
        "unit_name": _UNIT,
        "items": [
            {**_ITEM, "reason": "Chưa có xác nhận sáng kiến được cơ sở công nhận.", "citation": _CITED},
            {**_OTHER, "reason": "Biên bản bình xét thiếu chữ ký.\nĐề nghị nộp lại.", "citation": None},
        ],
        "round_title": _ROUND,
        "due": "2024-12-04T17:00:00+07:00",
    },
    "appraisal_result": {
        "unit_name": _UNIT,
        "round_title": _ROUND,
        "passed": 27,
        "items": [
            {
                **_ITEM,
                "outcome": "Không đủ điều kiện",
                "reason": "Không có căn cứ nào trong các căn cứ hoàn thành xuất sắc nhiệm vụ, sáng kiến, đề tài.",
                "citation": _CITED,
            }
        ],
    },
    "nomination_paused": {**_STOPPED, "reason_public": "Chờ kết luận của cơ quan có thẩm quyền."},
    "nomination_resumed": {**_STOPPED, "reason_public": "Đã có kết luận của cơ quan có thẩm quyền."},
    "nomination_corrected": {
        "unit_name": _UNIT,
        "code": "DN-2024-000123",
        "nominee": "Lò Thị Mẫu",
        "award": "Chiến sĩ thi đua cơ sở",
        "changes": [{"what": "chức vụ", "before": "Giáo viện", "after": "Giáo viên"}],
        "reason": "Viết sai so với quyết định bổ nhiệm.",
    },
    "nomination_declined": {
        "reader_name": _UNIT,
        "items": [_ITEM],
        "reason": "Xin nhường cho đồng nghiệp (Văn bản: Đơn ngày 12/12/2024)",
    },
    "award_declined_nominee": {
        "nominee": "Lò Thị Mẫu",
        "award": "Chiến sĩ thi đua cơ sở",
        "code": "DN-2024-000123",
    },
    "council_invitation": {
        "member_name": "Vàng A Thí",
        "session_code": "PH-2024-03",
        "at": "2024-12-18T01:00:00+00:00",
        "place": "Phòng họp số 2, trụ sở UBND huyện",
        "round_title": _ROUND,
        "agenda_count": 288,
        "sequence": 0,
        "cancelled": False,
        "stamped_at": "2024-12-10T09:30:00+07:00",
    },
    "conflict_question": {
        "member_name": "Vàng A Thí",
        "session_code": "PH-2024-03",
        "at": "2024-12-18T01:00:00+00:00",
        "items": [_ITEM | {"ground": "Cùng đơn vị"}],
    },
    "conflicts_found": {
        "secretary_name": "Giàng Thị Mẫu",
        "session_code": "PH-2024-03",
        "round_title": _ROUND,
        "items": [
            _ITEM
            | {
                "member": "Vàng A Thí",
                "reason": "Vàng A Thí và Lò Thị Mẫu (hồ sơ HS-2024-0007) cùng đơn vị: Trường PTDTBT Tiểu học Bản Mẫu.",
            }
        ],
    },
    "ballot_reminder": {"member_name": "Vàng A Thí", "session_code": "PH-2024-03", "due": "2024-12-19T17:00:00+07:00"},
    "tellers_called": {
        "member_name": "Vàng A Thí",
        "session_code": "PH-2024-03",
        "needed": 2,
        "key": "ABCD-EFGH-IJKL-MNOP",
    },
    "receipts_published": {
        "member_name": "Vàng A Thí",
        "session_code": "PH-2024-03",
        "key": "ABCD-EFGH-IJKL-MNOP",
    },
    "share_waits": {
        "member_name": "Vàng A Thí",
        "session_code": "PH-2024-03",
    },
    "ballot_annulled": {
        "member_name": "Vàng A Thí",
        "session_code": "PH-2024-03",
        "round_title": _ROUND,
        "reason": "Hai mảnh khóa hòm phiếu bị mất, không đủ số mảnh để mở hòm.",
    },
    "waiting_for_signature": {
        "signer_name": "Chủ tịch UBND huyện",
        "round_title": _ROUND,
        "decisions": 4,
        "nominations": 2156,
        "due": "2024-12-24T17:00:00+07:00",
    },
    "sent_back_by_chairman": {
        "office_name": "Phòng Nội vụ",
        "items": [_ITEM],
        "reason": "Đề nghị làm rõ thành tích\nso với kế hoạch năm.",
    },
    "award_result_unit": {
        "unit_name": _UNIT,
        "round_title": _ROUND,
        "decision_number": "123/QĐ-UBND",
        "decision_date": "2024-12-25",
        "items": [{**_ITEM, "money": 2340000}, {**_OTHER, "money": None}],
        "url": "https://vinhdanh.example/decisions/123-2024",
    },
    "award_result_nominee": {
        "nominee": "Lò Thị Mẫu",
        "award": "Chiến sĩ thi đua cơ sở",
        "decision_number": "123/QĐ-UBND",
        "decision_date": "2024-12-25",
        "office": "Phòng Nội vụ huyện Phong Thổ",
        "url": "https://vinhdanh.example/decisions/123-2024",
    },
    "not_approved": {
        "unit_name": _UNIT,
        "round_title": _ROUND,
        "items": [
            {
                **_ITEM,
                "stage_name": "Hội đồng xét",
                "reason": "Không đủ tỷ lệ phiếu theo Quy chế.",
                "citation": {"document": "Quy chế 01/QC-HĐTĐKT", "article": "8", "clause": None, "point": None},
            }
        ],
        "how_to_complain": "Gửi kiến nghị tới Phòng Nội vụ hoặc tại https://vinhdanh.example/petitions/new.",
    },
    "forwarded_to_superior": {
        "unit_name": _UNIT,
        "items": [{**_ITEM, "award": "Chiến sĩ thi đua cấp tỉnh"}],
        "letter_number": "45/TTr-UBND",
        "letter_date": "2024-12-25",
        "superior": "Chủ tịch UBND tỉnh",
    },
    "superior_answer": {
        "unit_name": _UNIT,
        "items": [
            {**_ITEM, "award": "Chiến sĩ thi đua cấp tỉnh", "outcome": "Được khen thưởng"},
            {**_OTHER, "award": "Tập thể lao động xuất sắc", "outcome": "Không đồng ý", "reason": "Hồ sơ chưa đủ."},
        ],
        "answer_number": "678/QĐ-UBND",
        "answer_date": "2025-01-15",
        "letter_number": "45/TTr-UBND",
        "letter_date": "2024-12-25",
    },
    "decision_revoked": {
        "unit_name": _UNIT,
        "decision_number": "123/QĐ-UBND",
        "decision_date": "2024-12-25",
        "reason": "Thông tin trong hồ sơ không đúng sự thật.",
        "citation": {"document": "Luật 06/2022/QH15", "article": "93", "clause": "2", "point": "b"},
        "items": [_ITEM],
    },
    "award_revoked_nominee": {
        "nominee": "Lò Thị Mẫu",
        "award": "Chiến sĩ thi đua cơ sở",
        "decision_number": "123/QĐ-UBND",
        "decision_date": "2024-12-25",
        "reason": "Thông tin trong hồ sơ không đúng sự thật.",
        "citation": {"document": "Luật 06/2022/QH15", "article": "93", "clause": "2", "point": "b"},
        "office": "UBND huyện Phong Thổ",
        "taken_back": True,
        "how_to_complain": "Nếu không đồng ý, ông, bà có quyền khiếu nại trong thời hạn 90 ngày.",
    },
    "disclosure_published": {
        "office_name": "Văn phòng HĐND và UBND huyện",
        "decision_number": "123/QĐ-UBND",
        "decision_date": "2024-12-25",
        "url": "https://vinhdanh.example/decisions/123-2024",
        "until": "2025-01-27",
    },
    "petition_received": {
        "petition_code": "PA-2024-0003",
        "petition_kind": "khiếu nại",
        "recipient_name": "Sùng Thị Chuyên Viên",
        "due": "2025-01-10",
    },
    "petitions_many": {"recipient_name": "Sùng Thị Chuyên Viên", "day": "2024-12-20", "count": 50, "most": 300},
    "petition_answered": {
        "petition_code": "PA-2024-0003",
        "answer": "Nội dung đã được kiểm tra.\n\nDanh sách giữ nguyên.",
    },
    "deadline_reminder": {
        "recipient_name": "Sùng Thị Chuyên Viên",
        "stage_name": "Thẩm định",
        "round_title": _ROUND,
        "due": "2024-12-11T17:00:00+07:00",
        "days_left": 2,
        "waiting": 318,
    },
    "deadline_escalation": {
        "recipient_name": "Trưởng phòng Nội vụ",
        "level_name": "lãnh đạo phòng",
        "stage_name": "Thẩm định",
        "round_title": _ROUND,
        "due": "2024-12-11T17:00:00+07:00",
        "days_over": 3,
        "waiting": 41,
        "previous_levels": ["chuyên viên thụ lý"],
        "step": 2,
        "behind": 1,
        "units": [{"name": _UNIT, "waiting": 38}, {"name": "UBND xã Bản Mẫu", "waiting": 3}],
        "more_units": 4,
        "handed_in_late": 12,
    },
    "run_failed": {
        "recipient_name": "Quản trị hệ thống",
        "run_name": "Hội đồng bỏ phiếu DX-2024-01",
        "how": "quá thời gian cho phép",
        "round_code": "DX-2024-01",
        "at": "2024-12-11T00:05:00+00:00",
        "run_page": "http://127.0.0.1:4200/runs/flow-run/0b8f9a52-6c1e-4b8e-9f7b-3a1d0c5e7f21",
    },
    "deadline_extended": {
        "recipient_name": "Sùng Thị Chuyên Viên",
        "round_title": _ROUND,
        "stage_name": "Thẩm định",
        "due": "2024-12-16T17:00:00+07:00",
        "reason": "Thiên tai làm gián đoạn liên lạc với các xã vùng cao.",
    },
    "account_changed": {
        "recipient_name": "Sùng Thị Chuyên Viên",
        "username": "chuyenvien1",
        "what": "Mật khẩu vừa được đặt lại bằng đường dẫn dùng một lần.",
        "by": "quantri",
        "at": "2024-12-10T09:30:00+07:00",
    },
    "account_asked": {
        "recipient_name": "Sùng Thị Chuyên Viên",
        "username": "chuyenvien1",
        "what": "đặt lại mật khẩu bằng đường dẫn dùng một lần",
        "by": "quantri",
        "until": "2024-12-17T09:30:00+07:00",
        "others": "Giàng Thị Mẫu (thuky), Vàng A Thí (chutich)",
    },
    "account_request": {
        "recipient_name": "Giàng Thị Mẫu",
        "owner_name": "Sùng Thị Chuyên Viên",
        "username": "chuyenvien1",
        "what": "đặt lại mật khẩu bằng đường dẫn dùng một lần",
        "by": "quantri",
        "until": "2024-12-17T09:30:00+07:00",
        "number": "7",
    },
    "digest": {
        "recipient_name": "Sùng Thị Chuyên Viên",
        "sections": [
            {"title": "Chờ thẩm định", "lines": ["HS-2024-0007, hạn 11/12/2024", "HS-2024-0019, hạn 12/12/2024"]},
            {"title": "Đã trả lại đơn vị", "lines": ["HS-2024-0031"]},
        ],
    },
}


def contact_sheet() -> str:
    """Every kind of letter on one HTML page, for a person who checks wording and looks."""
    frames = []
    for kind, context in SAMPLES.items():
        rendered = letters.render(kind, context, letterhead=LETTERHEAD)
        frames.append(
            f"<h2>{html.escape(kind)}</h2><p>{html.escape(rendered.subject)}</p>"
            f'<iframe sandbox title="{html.escape(kind)}" srcdoc="{html.escape(rendered.html)}" '
            'style="width:100%;height:640px;border:1px solid #999"></iframe>'
        )
    return f'<!DOCTYPE html><html lang="vi"><meta charset="utf-8"><title>Vinh Danh</title>{"".join(frames)}</html>'


if __name__ == "__main__":
    print(contact_sheet())
