"""What a unit can still do about a nomination that it may no longer change itself: one sentence for each state.

Every refusal that says so takes it from here: advice is of the state, and following it succeeds.
"""

from rules.lifecycle import State
from rules.policy import CORRECTABLE

_SLIP = "Chỗ viết sai về người được đề nghị: xin Phòng Nội vụ đính chính."

TO_CHANGE: dict[State, str] = {
    State.DRAFT: "Đơn vị sửa ngay trong hồ sơ của mình («Sửa, bổ sung»).",
    State.RETURNED: "Đơn vị sửa ngay trong hồ sơ của mình («Sửa, bổ sung»).",
    State.SUBMITTED: "Muốn sửa, đề nghị Phòng Nội vụ trả lại để bổ sung, hoặc rút hồ sơ.",
    State.PAUSED: "Muốn sửa, đề nghị Phòng Nội vụ tiếp tục xét rồi trả lại để bổ sung.",
    State.ELIGIBLE: "Hồ sơ đã qua thẩm định: muốn đổi nội dung thì đơn vị rút hồ sơ.",
    State.ON_BALLOT: "Hội đồng đang lấy phiếu nên nội dung giữ nguyên; hãy đợi kết quả.",
    State.RECOMMENDED: "Muốn sửa, đề nghị Chủ tịch trả lại Phòng Nội vụ, rồi Phòng Nội vụ trả lại đơn vị.",
}
_ON_PAPER = "Văn bản đã ký: sai sót chữa bằng văn bản đính chính hoặc quyết định thay thế (khoản 3 Điều 18 Nghị định 30/2020/NĐ-CP)."
_ENDED = "Hồ sơ đã kết thúc, không sửa được nữa; nếu vẫn đề nghị, hãy lập hồ sơ trong đợt khác."


def to_change(state: State) -> str:
    """How what a nomination says comes to be changed from this state, a slip in what it says of its nominee included."""
    if state in {State.SIGNED, State.FORWARDED, State.DISCLOSED, State.CLOSED}:
        return _ON_PAPER
    found = TO_CHANGE.get(state, _ENDED)
    return f"{found} {_SLIP}" if state in CORRECTABLE else found


def to_name_another(state: State) -> str:
    """How a nomination that names the wrong person comes to name the right one, for whom a correction is refused."""
    return TO_CHANGE[state]
