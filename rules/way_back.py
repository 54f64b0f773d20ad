"""What a unit can still do about a nomination that it may no longer change itself: one sentence for each state.

Every refusal that says so takes it from here: advice is of the state, and following it succeeds.
"""

from rules.lifecycle import STATE_ROWS, State
from rules.policy import CORRECTABLE

_SLIP = "Chỗ viết sai về người được đề nghị: xin Phòng Nội vụ đính chính."

_SIGNED = frozenset({State.SIGNED, State.FORWARDED, State.DISCLOSED, State.CLOSED})
_ON_PAPER = "Văn bản đã ký: sai sót chữa bằng văn bản đính chính hoặc quyết định thay thế (khoản 3 Điều 18 Nghị định 30/2020/NĐ-CP)."
_ENDED = "Hồ sơ đã kết thúc, không sửa được nữa; nếu vẫn đề nghị, hãy lập hồ sơ trong đợt khác."


def to_change(state: State) -> str:
    """How what a nomination says comes to be changed from this state, a slip in what it says of its nominee included."""
    if state in _SIGNED:
        return _ON_PAPER
    found = STATE_ROWS[state].to_change or _ENDED
    return f"{found} {_SLIP}" if state in CORRECTABLE else found


def to_name_another(state: State) -> str:
    """How a nomination that names the wrong person comes to name the right one, for whom a correction is refused."""
    return STATE_ROWS[state].to_change or _ENDED
