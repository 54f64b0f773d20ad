"""Every closed list once: the word the database, the API and the commands use, and the word a person reads.

Stages, states, roles and actions of a nomination stand with their table in `rules.lifecycle`. Awards are no closed
list: the rule packs name them.
"""

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A value with its Vietnamese name: `Level.COMMUNE.word` is “cấp xã”."""

    word: str

    def __new__(cls, value: str, word: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.word = word
        return member


def names(words: type[Word]) -> dict[str, str]:
    """Value → word of a closed list, for what arrives as text."""
    return {str(word): word.word for word in words}


# Nominees and awards ------------------------------------------------------------------------------------------------


class Level(Word):
    """The level of administration that handles a dossier."""

    COMMUNE = "commune", "cấp xã"
    DISTRICT = "district", "cấp huyện"
    PROVINCE = "province", "cấp tỉnh"


class NomineeKind(Word):
    INDIVIDUAL = "individual", "cá nhân"
    COLLECTIVE = "collective", "tập thể"
    HOUSEHOLD = "household", "hộ gia đình"
    ENTERPRISE = "enterprise", "doanh nghiệp"


class RoundKind(Word):
    """Loại hình khen thưởng (NĐ 98/2023/NĐ-CP)."""

    CONG_TRANG = "CONG_TRANG", "Theo công trạng, thành tích (hằng năm)"
    DOT_XUAT = "DOT_XUAT", "Đột xuất"
    PHONG_TRAO = "PHONG_TRAO", "Phong trào, chuyên đề"
    CONG_HIEN = "CONG_HIEN", "Quá trình cống hiến"
    NIEN_HAN = "NIEN_HAN", "Niên hạn"
    DOI_NGOAI = "DOI_NGOAI", "Đối ngoại"


class WorkerGroup(Word):
    CIVIL_SERVANT = "civil_servant", "cán bộ, công chức"
    PUBLIC_EMPLOYEE = "public_employee", "viên chức"
    WORKER = "worker", "công nhân, người lao động"
    FARMER = "farmer", "nông dân"
    ARMED_FORCES = "armed_forces", "lực lượng vũ trang"
    ENTREPRENEUR = "entrepreneur", "doanh nhân"
    INTELLECTUAL = "intellectual", "trí thức, nhà khoa học"
    OTHER = "other", "người lao động khác"


class Rating(Word):
    """A year's rating, from the best down."""

    HTXSNV = "HTXSNV", "hoàn thành xuất sắc nhiệm vụ"
    HTTNV = "HTTNV", "hoàn thành tốt nhiệm vụ"
    HTNV = "HTNV", "hoàn thành nhiệm vụ"
    KHTNV = "KHTNV", "không hoàn thành nhiệm vụ"

    @property
    def rank(self) -> int:
        """0 for the lowest."""
        return len(Rating) - 1 - list(Rating).index(self)


class Scope(Word):
    """How far an initiative, a research work or a feat of wit in combat reached."""

    BASE = "base", "cơ sở"
    PROVINCE = "province", "cấp tỉnh"
    FORCE = "force", "toàn quân, toàn lực lượng"
    NATION = "nation", "toàn quốc"


class Pending(Word):
    """The awaited conclusion for which a nomination is paused (NĐ 98/2023/NĐ-CP Art. 4)."""

    COMPLAINT = "complaint", "khiếu nại"
    DENUNCIATION = "denunciation", "tố cáo"
    INSPECTION = "inspection", "thanh tra, kiểm tra"
    INVESTIGATION = "investigation", "điều tra"
    DISCIPLINE = "discipline", "xem xét kỷ luật"


class DisciplineForm(Word):
    KHIEN_TRACH = "khien_trach", "khiển trách"
    CANH_CAO = "canh_cao", "cảnh cáo"
    HA_BAC_LUONG = "ha_bac_luong", "hạ bậc lương"
    GIANG_CHUC = "giang_chuc", "giáng chức"
    CACH_CHUC = "cach_chuc", "cách chức"
    BUOC_THOI_VIEC = "buoc_thoi_viec", "buộc thôi việc"
    SA_THAI = "sa_thai", "sa thải"


# The law as data ----------------------------------------------------------------------------------------------------


class Status(Word):
    """How well a provision is known."""

    V1 = "V1", "đã đọc văn bản gốc; áp dụng"
    V2 = "V2", "đã đọc trích nguyên văn có nêu điều; áp dụng, cần đối chiếu bản gốc"
    SEC = "SEC", "nguồn thứ cấp, chưa xác minh; áp dụng mặc định, cơ quan có thể bỏ (`[[set_aside]]`)"
    MEM = "MEM", "chỉ nhớ, chưa đọc; không áp dụng cho đến khi có người xác nhận (`[[confirmed]]`)"
    PARAM = "PARAM", "không văn bản quốc gia nào quy định; quy chế của cơ quan phải nêu"


class Route(Word):
    """The procedure of a nomination (Law 06/2022/QH15 Art. 84–85)."""

    FULL = "full", "đầy đủ"
    SIMPLIFIED = "simplified", "đơn giản"


class Verdict(Word):
    """The verdict of the rules on a nomination as a whole (`rules.evaluation` says which goes before which)."""

    ELIGIBLE = "eligible", "đủ điều kiện"
    INELIGIBLE = "ineligible", "không đủ điều kiện"
    PAUSED = "paused", "phải chờ kết luận"
    UNKNOWN = "unknown", "còn điểm chưa kết luận được"
    WRONG_AUTHORITY = "wrong_authority", "không thuộc thẩm quyền cấp này"
    NO_PACK = "no_pack", "chưa có bộ quy định cho ngày xét"


class FindingVerdict(Word):
    """The finding of one rule."""

    MET = "met", "đạt"
    NOT_MET = "not_met", "không đạt"
    UNKNOWN = "unknown", "chưa rõ"


class Authority(Word):
    """A level's authority over an award."""

    DECIDE = "decide", "quyết định"
    PROPOSE = "propose", "trình"
    NONE = "none", "không"
    UNVERIFIED = "unverified", "chưa xác minh"


class Decider(Word):
    CT_UBND_XA = "CT_UBND_XA", "Chủ tịch UBND cấp xã"
    CT_UBND_HUYEN = "CT_UBND_HUYEN", "Chủ tịch UBND cấp huyện"
    CT_UBND_TINH = "CT_UBND_TINH", "Chủ tịch UBND cấp tỉnh"
    THU_TRUONG_SO = "THU_TRUONG_SO", "Thủ trưởng cơ quan chuyên môn thuộc UBND cấp tỉnh"
    GIAM_DOC_DN = "GIAM_DOC_DN", "Giám đốc doanh nghiệp, hợp tác xã"
    THU_TUONG = "THU_TUONG", "Thủ tướng Chính phủ"
    CHINH_PHU = "CHINH_PHU", "Chính phủ"
    CHU_TICH_NUOC = "CHU_TICH_NUOC", "Chủ tịch nước"
    BO_QUOC_PHONG_BO_CONG_AN = "BO_QUOC_PHONG_BO_CONG_AN", "Bộ Quốc phòng, Bộ Công an quy định"


class ConflictGround(Word):
    """Why a council member may have to stand aside from a nomination."""

    OWN_NOMINATION = "own_nomination", "Hồ sơ của chính mình"
    KINSHIP = "kinship", "Quan hệ gia đình, thân thích"
    DIRECT_SUPERIOR = "direct_superior", "Cấp trên, cấp dưới trực tiếp"
    CO_AUTHOR = "co_author", "Đồng tác giả sáng kiến"
    PROPOSER = "proposer", "Là người đề nghị"
    SAME_UNIT = "same_unit", "Cùng đơn vị"
    RECIPROCAL = "reciprocal", "Đề nghị lẫn nhau qua các năm"
    REPEATED_PAIR = "repeated_pair", "Một người đề nghị cho cùng một người nhiều năm"
    CLIQUE = "clique", "Nhóm người đề nghị khen thưởng lẫn nhau"
    OTHER = "other", "Lý do khác"


# The council's vote ---------------------------------------------------------------------------------------------------


class SessionState(Word):
    CONVENED = "convened", "Đã triệu tập"
    OPEN = "open", "Đang bỏ phiếu"
    CLOSED = "closed", "Đã đóng phiếu, chờ kiểm"
    TALLIED = "tallied", "Đã kiểm phiếu"
    CANCELLED = "cancelled", "Đã hủy"


class BallotKind(Word):
    """How the council votes (Law 06/2022/QH15 Art. 90, the council's regulation)."""

    SECRET = "secret", "Phiếu kín"
    OPEN = "open", "Biểu quyết công khai"
    PAPER = "paper", "Phiếu giấy"


class Choice(Word):
    APPROVE = "approve", "Tán thành"
    DISAPPROVE = "disapprove", "Không tán thành"
    ABSTAIN = "abstain", "Không ý kiến"


class Outcome(Word):
    RECOMMENDED = "recommended", "Đề nghị khen thưởng"
    NOT_RECOMMENDED = "not_recommended", "Không đề nghị"


class ConflictSource(Word):
    DETECTED = "detected", "dữ liệu cho thấy"
    DECLARED = "declared", "thành viên khai"


class ConflictStrength(Word):
    CERTAIN = "certain", "chắc chắn"
    ASK = "ask", "cần hỏi"


class ConflictState(Word):
    OPEN = "open", "Chờ thành viên trả lời"
    RECUSED = "recused", "Thành viên tránh"
    DENIED = "denied", "Thành viên trả lời không liên quan"
    WAIVED = "waived", "Thư ký xác nhận được bỏ phiếu"


class NominationDuty(Word):
    """A part in one nomination; two of them are never one person's (Law 06/2022/QH15 Art. 5.2.a)."""

    PROPOSED = "proposed", "đề nghị"
    REVIEWED = "reviewed", "thẩm định"
    COUNTED = "counted", "kiểm phiếu cho"


# Papers and petitions -------------------------------------------------------------------------------------------------


class DecisionState(Word):
    IN_FORCE = "in_force", "còn hiệu lực"
    REVOKED = "revoked", "đã bị hủy bỏ"


class AwardState(Word):
    """The state of a person named in a published paper."""

    IN_FORCE = "in_force", "còn hiệu lực"
    REVOKED = "revoked", "đã bị hủy bỏ"
    DECLINED = "declined", "người được khen không nhận"


class Ground(Word):
    """Why an award is taken back: Law 06/2022 Art. 93.2 in its own words, and what it leaves to who awarded (Art. 93.8)."""

    DISHONESTY = (
        "93.2.a",
        (
            "Có hành vi gian dối trong việc kê khai công trạng, thành tích để được tặng danh hiệu thi đua, hình thức khen thưởng"
        ),
    )
    FORGERY = (
        "93.2.b",
        (
            "Cung cấp thông tin sai sự thật hoặc làm giả hồ sơ, giấy tờ để đề nghị tặng danh hiệu thi đua, hình thức khen thưởng"
        ),
    )
    UNLAWFUL_REVIEW = (
        "93.2.c",
        ("Thẩm định, xét, duyệt, đề nghị danh hiệu thi đua, hình thức khen thưởng trái quy định của pháp luật"),
    )
    MISCONDUCT = (
        "93.2.d",
        (
            "Có kết luận, quyết định, bản án của cơ quan có thẩm quyền về việc người đã được tặng danh hiệu thi đua, hình "
            "thức khen thưởng có vi phạm, khuyết điểm dẫn đến không bảo đảm tiêu chuẩn xét tặng danh hiệu thi đua, hình "
            "thức khen thưởng trong khoảng thời gian tính thành tích hoặc liên quan đến công trình, tác phẩm là cơ sở để tặng "
            "giải thưởng"
        ),
    )
    DECLINED = "declined", "Người được khen không nhận (Luật không nêu là căn cứ hủy bỏ; người quyết định ghi nhận)"
    ERROR = "error", "Quyết định có sai sót về nội dung, phải thay đổi bằng văn bản cùng hình thức"


class SuperiorAnswer(Word):
    """The superior authority's answer to a tờ trình."""

    GRANTED = "granted", "khen thưởng tất cả"
    REFUSED = "refused", "không khen thưởng"
    PARTLY = "partly", "khen thưởng một phần"


class PetitionKind(Word):
    FEEDBACK = "feedback", "phản ánh, kiến nghị"
    COMPLAINT = "complaint", "khiếu nại"
    DENUNCIATION = "denunciation", "tố cáo"


class PetitionState(Word):
    RECEIVED = "received", "đã tiếp nhận, đang xem xét"
    TAKEN = "taken", "đã thụ lý, đang giải quyết"
    DISMISSED = "dismissed", "không thụ lý"
    ANSWERED = "answered", "đã trả lời"
