"""Every kind of entry of the ledger: what people call it, what of it anybody may open, who else than a person does it.

A kind is `source:past_tense`; the source says which state table the entry's subject is a key of. Kinds are only added:
an old ledger keeps those it has.
"""

from enum import StrEnum
from typing import Self

# Whoever acts without an account, as an entry's `by` names them. No account may bear these names.
ENGINE = "engine"  # what the schedule does by itself
INSTALLER = "init"  # the first set-up, before anybody has an account
CITIZEN = "citizen"  # somebody from outside, who is never named
UNNAMED = frozenset({ENGINE, INSTALLER, CITIZEN})

_NOTHING: frozenset[str] = frozenset()
# Fields that may be published. Reasons, personal details and inner texts of papers may not.
_DECISION = frozenset({"about", "signature", "pack", "state", "paper", "partly"})
_LETTER = frozenset({"about", "answer"})
_POSTING = frozenset({"when"})
_ROUND = frozenset({"about", "stage", "regulation"})
_REGULATION = frozenset({"document", "number", "issued_on"})
_SESSION = frozenset({"of", "when", "state", "frozen", "batch"})
_BALLOT = frozenset({"box", "receipts", "batch"})
_CLOCK = frozenset({"was", "now"})
_INSTALLATION = frozenset({"key", "generation", "restored"})
_COUNTER = frozenset({"skipped"})
_DEADLINE = frozenset({"due_on", "computed"})


class Kind(StrEnum):
    """One row a kind: value, word, the fields that may be opened outside, who may do it without an account."""

    word: str
    public: frozenset[str]
    unnamed: str | None

    def __new__(cls, value: str, word: str = "", public: frozenset[str] = _NOTHING, unnamed: str | None = None) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.word, member.public, member.unnamed = word, public, unnamed
        return member

    @property
    def source(self) -> str:
        """The table whose key is the entry's subject."""
        return self.split(":", 1)[0]

    NOMINATION_DRAFTED = "nomination:drafted", "Đơn vị lập hồ sơ"
    NOMINATION_MENDED = "nomination:mended", "Đơn vị sửa, bổ sung hồ sơ"
    NOMINATION_PAPERS_CHANGED = "nomination:papers_changed", "Thay đổi giấy tờ kèm theo"
    NOMINATION_SUBMITTED = "nomination:submitted", "Đơn vị nộp hồ sơ"
    NOMINATION_CORRECTED = "nomination:corrected", "Phòng Nội vụ đính chính"
    NOMINATION_DECLINED = "nomination:declined", "Người được đề nghị không nhận"
    NOMINATION_WITHDRAWN = "nomination:withdrawn", "Đơn vị rút hồ sơ"
    NOMINATION_RETURNED = "nomination:returned", "Phòng Nội vụ trả lại để bổ sung"
    NOMINATION_PASSED_REVIEW = "nomination:passed_review", "Phòng Nội vụ kết luận đủ điều kiện"
    NOMINATION_FOUND_INELIGIBLE = "nomination:found_ineligible", "Phòng Nội vụ kết luận không đủ điều kiện"
    NOMINATION_PAUSED = "nomination:paused", "Tạm dừng, chờ kết luận"
    NOMINATION_RESUMED = "nomination:resumed", "Xem xét tiếp"
    NOMINATION_PUT_ON_BALLOT = "nomination:put_on_ballot", "Đưa ra Hội đồng bỏ phiếu"
    NOMINATION_TAKEN_OFF_BALLOT = "nomination:taken_off_ballot", "Hội đồng hủy lượt bỏ phiếu"
    NOMINATION_RECOMMENDED = "nomination:recommended", "Hội đồng đề nghị khen thưởng", _NOTHING, ENGINE
    NOMINATION_NOT_RECOMMENDED = "nomination:not_recommended", "Hội đồng không đề nghị khen thưởng", _NOTHING, ENGINE
    NOMINATION_SENT_BACK = "nomination:sent_back", "Chủ tịch yêu cầu thẩm định lại"
    NOMINATION_REFUSED = "nomination:refused", "Chủ tịch không khen thưởng"
    NOMINATION_SIGNED = "nomination:signed", "Ký quyết định khen thưởng"
    NOMINATION_FORWARDED = "nomination:forwarded", "Ký tờ trình cấp trên"
    NOMINATION_REFUSED_ABOVE = "nomination:refused_above", "Cấp trên không khen thưởng"
    NOMINATION_DISCLOSED = "nomination:disclosed", "Công khai"
    NOMINATION_CLOSED = "nomination:closed", "Hoàn thành", _NOTHING, ENGINE
    NOMINATION_REVOKED = "nomination:revoked", "Hủy bỏ quyết định khen thưởng"

    DUTY_CODED = "duty:coded", "Ghi người cùng tham gia bằng mã tài khoản", _NOTHING, INSTALLER
    DUTY_NOTED = "duty:noted", "Ghi người cùng tham gia đề nghị, thẩm định hoặc kiểm phiếu"

    APPRAISAL_FOUND = "appraisal:found", "Đối chiếu với quy định", _NOTHING, ENGINE

    ACCOUNT_CLOSED = "account:closed", "Hết hiệu lực mọi cách đăng nhập đã cấp, chờ đường dẫn mới"
    ACCOUNT_CODED = "account:coded", "Ghi tài khoản bằng mã thay cho tên đăng nhập", _NOTHING, INSTALLER
    ACCOUNT_CREATED = "account:created", "Lập tài khoản", _NOTHING, INSTALLER
    ACCOUNT_DISABLED = "account:disabled", "Khóa tài khoản", _NOTHING, INSTALLER
    ACCOUNT_ENABLED = "account:enabled", "Mở lại tài khoản"
    ACCOUNT_INVITED = "account:invited", "Gửi liên kết đăng nhập lần đầu", _NOTHING, INSTALLER
    ACCOUNT_IDENTITIES_UNLINKED = "account:identities_unlinked", "Bỏ liên kết đăng nhập bên ngoài"
    ACCOUNT_IDENTITY_LINKED = "account:identity_linked", "Liên kết đăng nhập bên ngoài"
    ACCOUNT_PASSWORD_SET = "account:password_set", "Đặt mật khẩu", _NOTHING, INSTALLER
    ACCOUNT_SECOND_FACTOR_REMOVED = "account:second_factor_removed", "Bỏ mã xác thực hai lớp"
    ACCOUNT_SECOND_FACTOR_SET = "account:second_factor_set", "Đặt mã xác thực hai lớp"

    ACCOUNT_REQUEST_ASKED = "account_request:asked", "Quản trị yêu cầu việc với tài khoản, chờ người khác xác nhận"
    ACCOUNT_REQUEST_CONFIRMED = "account_request:confirmed", "Xác nhận việc với tài khoản"
    ACCOUNT_REQUEST_DONE_ALONE = (
        "account_request:done_alone",
        "Quản trị làm việc với tài khoản một mình, không ai khác xác nhận được",
    )
    ACCOUNT_REQUEST_REFUSED = "account_request:refused", "Từ chối việc với tài khoản"
    ACCOUNT_REQUEST_WITHDRAWN = "account_request:withdrawn", "Rút yêu cầu việc với tài khoản"

    API_TOKEN_ISSUED = "api_token:issued", "Cấp khóa truy cập cho chương trình"
    API_TOKEN_REVOKED = "api_token:revoked", "Thu hồi khóa truy cập", _NOTHING, INSTALLER

    ATTACHMENT_ADDED = "attachment:added", "Kèm giấy tờ"
    ATTACHMENT_REMOVED = "attachment:removed", "Rút giấy tờ đã kèm"

    AUTHORISATION_ENDED = "authorisation:ended", "Chấm dứt ủy quyền"
    AUTHORISATION_GIVEN = "authorisation:given", "Ủy quyền bằng văn bản"

    AGENDA_COUNTED = "agenda:counted", "Ghi kết quả kiểm phiếu", _NOTHING, ENGINE
    AGENDA_SET = "agenda:set", "Lập chương trình họp"

    BALLOT_CLOSED = "ballot:closed", "Đóng phiếu", _BALLOT, ENGINE
    BALLOT_COUNTED = "ballot:counted", "Kiểm phiếu", _BALLOT, ENGINE
    BALLOT_OPENED = "ballot:opened", "Mở phiếu", _BALLOT

    BALLOT_SHARE_KEPT = "ballot_share:kept", "Giữ mảnh khóa chờ người kiểm phiếu nhận"
    BALLOT_SHARE_TAKEN = "ballot_share:taken", "Người kiểm phiếu nhận mảnh khóa"

    CLOCK_SET_BACK = "clock:set_back", "Đồng hồ máy chủ lùi lại: giờ của các bản ghi trước có thể sai", _CLOCK, ENGINE

    COMMENT_WRITTEN = "comment:written", "Ghi ý kiến"

    CONFLICT_CODED = "conflict:coded", "Ghi xung đột lợi ích bằng số thứ tự thay cho căn cứ", _NOTHING, INSTALLER
    CONFLICT_DENIED = "conflict:denied", "Thành viên trả lời không có xung đột lợi ích"
    CONFLICT_DETECTED = "conflict:detected", "Dữ liệu cho thấy có thể có xung đột lợi ích"
    CONFLICT_RECUSED = "conflict:recused", "Thành viên tránh hồ sơ vì xung đột lợi ích"
    CONFLICT_WAIVED = "conflict:waived", "Thư ký xác nhận thành viên được biểu quyết"

    COUNCIL_SET_UP = "council:set_up", "Thành lập Hội đồng", _NOTHING, INSTALLER

    COUNCIL_MEMBER_APPOINTED = "council_member:appointed", "Cử thành viên Hội đồng", _NOTHING, INSTALLER
    COUNCIL_MEMBER_CODED = "council_member:coded", "Ghi thành viên Hội đồng bằng mã tài khoản", _NOTHING, INSTALLER
    COUNCIL_MEMBER_DISMISSED = "council_member:dismissed", "Cho thôi thành viên Hội đồng"

    COUNTER_RAISED = "counter:raised", "Bỏ qua các số có thể đã cấp trước khi khôi phục", _COUNTER, INSTALLER

    DEADLINE_COMPUTED = "deadline:computed", "Tính thời hạn", _DEADLINE, ENGINE
    DEADLINE_FIXED = "deadline:fixed", "Ấn định thời hạn", _DEADLINE
    DEADLINE_REMINDED = "deadline:reminded", "Nhắc việc sắp đến hạn", _DEADLINE, ENGINE

    DECISION_PAPER_RENDERED = "decision:paper_rendered", "In quyết định", _DECISION, ENGINE
    DECISION_REVOKED = "decision:revoked", "Hủy bỏ quyết định", _DECISION
    DECISION_PARTLY_REVOKED = "decision:partly_revoked", "Hủy bỏ quyết định đối với một số trường hợp", _DECISION
    DECISION_SIGNED = "decision:signed", "Ký quyết định", _DECISION

    DISCLOSURE_PUBLISHED = "disclosure:published", "Công khai quyết định", _POSTING

    DOSSIER_FILED = "dossier:filed", "Nộp tờ trình"
    DOSSIER_RECEIVED = "dossier:received", "Tiếp nhận để thẩm định"

    ESCALATION_RAISED = "escalation:raised", "Đôn đốc việc quá hạn", _NOTHING, ENGINE

    HAND_COUNT_ENTERED = "hand_count:entered", "Ghi số phiếu đếm tay"

    INSTALLATION_BEGUN = "installation:begun", "Bắt đầu sổ cái của hệ thống này", _INSTALLATION, INSTALLER

    INSTALLATION_RESTORED = "installation:restored", "Khôi phục từ bản sao lưu", _INSTALLATION, INSTALLER

    MEMBER_ATTENDED = "member:attended", "Ghi thành viên dự họp"
    MEMBER_CALLED = "member:called", "Mời thành viên họp"
    MEMBER_LEFT = "member:left", "Bỏ ghi thành viên dự họp"

    NOMINEE_MENDED = "nominee:mended", "Sửa tên, thông tin người được đề nghị"
    NOMINEE_REGISTERED = "nominee:registered", "Ghi người được đề nghị"

    OPEN_VOTE_CAST = "open_vote:cast", "Biểu quyết công khai"

    OPENING_ERASED = "opening:erased", "Xóa vĩnh viễn một mục đã ghi", _NOTHING, ENGINE

    PAUSE_BEGUN = "pause:begun", "Dừng tính thời hạn"
    PAUSE_ENDED = "pause:ended", "Tính tiếp thời hạn"

    PETITION_ANSWERED = "petition:answered", "Trả lời phản ánh"
    PETITION_DISMISSED = "petition:dismissed", "Không thụ lý đơn"
    PETITION_RECEIVED = "petition:received", "Tiếp nhận phản ánh", _NOTHING, CITIZEN
    PETITION_TAKEN = "petition:taken", "Thụ lý đơn"

    RECUSAL_DECLARED = "recusal:declared", "Thành viên tránh hồ sơ"

    REGULATION_REGISTERED = "regulation:registered", "Nạp Quy chế", _REGULATION, INSTALLER

    ROLE_CODED = "role:coded", "Ghi vai trò bằng mã tài khoản", _NOTHING, INSTALLER
    ROLE_ENDED = "role:ended", "Thôi giao vai trò"
    ROLE_GRANTED = "role:granted", "Giao vai trò", _NOTHING, INSTALLER

    ROLL_SIGNED = "roll:signed", "Thành viên đã bỏ phiếu"

    ROUND_ADVANCED = "round:advanced", "Chuyển khâu", _ROUND
    ROUND_OPENED = "round:opened", "Mở đợt xét", _ROUND

    SECURITY_LOG_DIGESTED = "security_log:digested", "Ghi dấu nhật ký an ninh trong ngày", _NOTHING, ENGINE

    SESSION_BALLOT_ANNULLED = "session:ballot_annulled", "Hủy lượt bỏ phiếu", _SESSION
    SESSION_BALLOT_CLOSED = "session:ballot_closed", "Đóng phiếu", _SESSION, ENGINE
    SESSION_BALLOT_OPENED = "session:ballot_opened", "Mở phiếu", _SESSION
    SESSION_CANCELLED = "session:cancelled", "Hủy phiên họp", _SESSION
    SESSION_CONVENED = "session:convened", "Triệu tập Hội đồng", _SESSION
    SESSION_RESCHEDULED = "session:rescheduled", "Đổi giờ, địa điểm họp", _SESSION
    SESSION_TALLIED = "session:tallied", "Kiểm phiếu", _SESSION, ENGINE

    SUBMISSION_LETTER_ANSWERED = "submission_letter:answered", "Cấp trên trả lời tờ trình", _LETTER
    SUBMISSION_LETTER_PAPER_RENDERED = "submission_letter:paper_rendered", "In tờ trình", _LETTER, ENGINE
    SUBMISSION_LETTER_SIGNED = "submission_letter:signed", "Ký tờ trình", _LETTER

    UNIT_ENDED = "unit:ended", "Đơn vị kết thúc hoạt động"
    UNIT_REGISTERED = "unit:registered", "Ghi đơn vị", _NOTHING, INSTALLER


SOURCES: frozenset[str] = frozenset(kind.source for kind in Kind)
_KNOWN: dict[str, Kind] = {str(kind): kind for kind in Kind}


def known(kind: str) -> Kind | None:
    """The kind of that name; None for one of an older or newer program."""
    return _KNOWN.get(kind)
