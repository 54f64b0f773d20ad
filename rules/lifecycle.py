"""The stages, the states, and the one table of what may happen to a nomination, by whom, from where to where.

Stages and states are `words` everywhere: database value, flow file, deployment name, URL segment.
Sources: Law 06/2022/QH15 Art. 13.1 (the chairman decides), 83–85 (proposal, dossier, simplified procedure),
90 (the council advises), 93 (revocation).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules.refusal import Citation, Refusal

LAW = "06/2022/QH15"


class Stage(StrEnum):
    UNIT_PROPOSAL = "unit_proposal"
    HOME_AFFAIRS_REVIEW = "home_affairs_review"
    COUNCIL_VOTE = "council_vote"
    CHAIRMAN_SIGNATURE = "chairman_signature"
    PUBLIC_DISCLOSURE = "public_disclosure"
    ENDED = "ended"


STAGES: tuple[Stage, ...] = tuple(stage for stage in Stage if stage is not Stage.ENDED)


class State(StrEnum):
    DRAFT = "draft"
    RETURNED = "returned"
    SUBMITTED = "submitted"
    PAUSED = "paused"
    ELIGIBLE = "eligible"
    ON_BALLOT = "on_ballot"
    RECOMMENDED = "recommended"
    SIGNED = "signed"
    FORWARDED = "forwarded"
    DISCLOSED = "disclosed"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    INELIGIBLE = "ineligible"
    NOT_RECOMMENDED = "not_recommended"
    REFUSED = "refused"
    CLOSED = "closed"
    REVOKED = "revoked"


class Role(StrEnum):
    UNIT_OFFICER = "unit_officer"
    UNIT_HEAD = "unit_head"
    REVIEWER = "reviewer"
    SECRETARY = "secretary"
    COUNCIL_MEMBER = "council_member"
    TELLER = "teller"
    CHAIRMAN = "chairman"
    DEPUTY = "deputy"
    INSPECTOR = "inspector"
    ADMINISTRATOR = "administrator"
    ENGINE = "engine"


ROLE_NAMES: dict[Role, str] = {
    Role.UNIT_OFFICER: "cán bộ đơn vị",
    Role.UNIT_HEAD: "thủ trưởng đơn vị",
    Role.REVIEWER: "chuyên viên Phòng Nội vụ",
    Role.SECRETARY: "thư ký Hội đồng",
    Role.COUNCIL_MEMBER: "thành viên Hội đồng",
    Role.TELLER: "ban kiểm phiếu",
    Role.CHAIRMAN: "Chủ tịch",
    Role.DEPUTY: "Phó Chủ tịch được ủy quyền",
    Role.INSPECTOR: "thanh tra",
    Role.ADMINISTRATOR: "quản trị hệ thống",
    Role.ENGINE: "hệ thống",
}


# Stages and states: one row each ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StageRow:
    """Everything that letters, escalation, the board, flows and pages need to know about a stage."""

    name: str
    called: tuple[Role, ...]  # who is written to about the stage; empty: the units at their own addresses
    urged: tuple[tuple[Role, ...], ...]  # whom each step of `rules.ladder` reaches
    closes: str | None = None  # what ends by itself when its time is over


# At the units' own stage the first two steps are the late unit's people.
STAGE_ROWS: dict[Stage, StageRow] = {
    Stage.UNIT_PROPOSAL: StageRow(
        "Đơn vị đề nghị",
        called=(),
        urged=((Role.UNIT_OFFICER,), (Role.UNIT_HEAD,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
    ),
    Stage.HOME_AFFAIRS_REVIEW: StageRow(
        "Phòng Nội vụ thẩm định",
        called=(Role.REVIEWER,),
        urged=((Role.REVIEWER,), (Role.SECRETARY,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
    ),
    Stage.COUNCIL_VOTE: StageRow(
        "Hội đồng bỏ phiếu",
        called=(Role.SECRETARY, Role.COUNCIL_MEMBER),
        urged=((Role.SECRETARY,), (Role.SECRETARY,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
        closes="hòm phiếu",
    ),
    Stage.CHAIRMAN_SIGNATURE: StageRow(
        "Chủ tịch ký",
        called=(Role.CHAIRMAN, Role.DEPUTY),
        urged=((Role.CHAIRMAN, Role.DEPUTY), (Role.SECRETARY,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
    ),
    Stage.PUBLIC_DISCLOSURE: StageRow(
        "Công khai",
        called=(Role.REVIEWER, Role.SECRETARY),
        urged=((Role.REVIEWER,), (Role.SECRETARY,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
        closes="hồ sơ đã niêm yết đủ ngày",
    ),
    Stage.ENDED: StageRow("Đã kết thúc", called=(), urged=()),
}


@dataclass(frozen=True, slots=True)
class StateRow:
    """What belongs to a state of a nomination.

    `counted` names what still waits for somebody's act in its stage (“7 hồ sơ chờ thẩm định”). `paused` waits for a
    conclusion outside the round (NĐ 98/2023 Art. 4) and `forwarded` for the superior's answer: neither holds the round
    up, and each goes on after the round was closed, when its answer has come. Nothing else that is not ended stands in
    a closed round.
    """

    name: str
    stage: Stage
    waits_for: str | None = None  # as the board says it; of the units' own stage, the unit's name
    counted: str | None = None  # None: nobody's act is waited for
    desks: tuple[Role, ...] = ()  # whose inbox has a pile of it, nomination by nomination
    to_change: str | None = None  # what a unit does that wants other contents (`rules.way_back`)


_UNIT, _DESK = (Role.UNIT_OFFICER, Role.UNIT_HEAD), (Role.REVIEWER, Role.SECRETARY)

STATE_ROWS: dict[State, StateRow] = {
    State.DRAFT: StateRow(
        "Bản nháp",
        Stage.UNIT_PROPOSAL,
        "đơn vị",
        "hồ sơ nháp",
        _UNIT,
        to_change="Đơn vị sửa ngay trong hồ sơ của mình («Sửa, bổ sung»).",
    ),
    State.RETURNED: StateRow(
        "Trả lại để bổ sung",
        Stage.UNIT_PROPOSAL,
        "đơn vị",
        "hồ sơ trả lại chờ bổ sung",
        _UNIT,
        to_change="Đơn vị sửa ngay trong hồ sơ của mình («Sửa, bổ sung»).",
    ),
    State.SUBMITTED: StateRow(
        "Đã nộp, chờ thẩm định",
        Stage.HOME_AFFAIRS_REVIEW,
        "Phòng Nội vụ",
        "hồ sơ chờ thẩm định",
        (Role.REVIEWER,),
        to_change="Muốn sửa, đề nghị Phòng Nội vụ trả lại để bổ sung, hoặc rút hồ sơ.",
    ),
    State.PAUSED: StateRow(
        "Tạm dừng, chờ kết luận",
        Stage.HOME_AFFAIRS_REVIEW,
        "kết luận của cơ quan có thẩm quyền",
        desks=_DESK,
        to_change="Muốn sửa, đề nghị Phòng Nội vụ tiếp tục xét rồi trả lại để bổ sung.",
    ),
    State.ELIGIBLE: StateRow(
        "Đủ điều kiện, chờ Hội đồng",
        Stage.COUNCIL_VOTE,
        "Hội đồng",
        "hồ sơ chờ Hội đồng",
        to_change="Hồ sơ đã qua thẩm định: muốn đổi nội dung thì đơn vị rút hồ sơ.",
    ),
    State.ON_BALLOT: StateRow(
        "Đang lấy phiếu",
        Stage.COUNCIL_VOTE,
        "Hội đồng",
        "hồ sơ chờ kiểm phiếu",
        to_change="Hội đồng đang lấy phiếu nên nội dung giữ nguyên; hãy đợi kết quả.",
    ),
    State.RECOMMENDED: StateRow(
        "Chờ Chủ tịch ký",
        Stage.CHAIRMAN_SIGNATURE,
        "Chủ tịch",
        "hồ sơ chờ ký",
        to_change="Muốn sửa, đề nghị Chủ tịch trả lại Phòng Nội vụ, rồi Phòng Nội vụ trả lại đơn vị.",
    ),
    State.SIGNED: StateRow(
        "Đã ký, chờ công khai", Stage.PUBLIC_DISCLOSURE, "Phòng Nội vụ công khai", "hồ sơ chờ công khai"
    ),
    State.FORWARDED: StateRow("Đã trình cấp trên", Stage.PUBLIC_DISCLOSURE, "cấp trên"),
    State.DISCLOSED: StateRow("Đã công khai", Stage.PUBLIC_DISCLOSURE),
    State.WITHDRAWN: StateRow("Đơn vị rút", Stage.ENDED),
    State.DECLINED: StateRow("Người được đề nghị không nhận", Stage.ENDED),
    State.INELIGIBLE: StateRow("Không đủ điều kiện", Stage.ENDED),
    State.NOT_RECOMMENDED: StateRow("Hội đồng không đề nghị", Stage.ENDED),
    State.REFUSED: StateRow("Không được khen thưởng", Stage.ENDED),
    State.CLOSED: StateRow("Hoàn thành", Stage.ENDED),
    State.REVOKED: StateRow("Đã hủy bỏ", Stage.ENDED),
}

STAGE_NAMES: dict[Stage, str] = {stage: row.name for stage, row in STAGE_ROWS.items()}
STATE_NAMES: dict[State, str] = {state: row.name for state, row in STATE_ROWS.items()}
WAITING: frozenset[State] = frozenset(state for state, row in STATE_ROWS.items() if row.counted)


def stage_of(state: State) -> Stage:
    """The stage in which a nomination of this state stands; every state has exactly one."""
    return STATE_ROWS[state].stage


def has_begun(stage: Stage, present: Stage) -> bool:
    """Whether a round whose present stage is this has reached that one: its time runs from then on, a plan until then."""
    return present is Stage.ENDED or STAGES.index(stage) <= STAGES.index(present)


# What may happen ---------------------------------------------------------------------------------------------------------


class Action(StrEnum):
    PROPOSE = "propose"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    DECLINE = "decline"
    RETURN = "return_for_supplement"
    PASS = "pass_review"  # noqa: S105 -- the reviewer passes a dossier; no secret
    FIND_INELIGIBLE = "find_ineligible"
    PAUSE = "pause"
    RESUME = "resume"
    PUT_ON_BALLOT = "put_on_ballot"
    TAKE_OFF_BALLOT = "take_off_ballot"
    RECOMMEND = "recommend"
    NOT_RECOMMEND = "not_recommend"
    SIGN = "sign"
    FORWARD = "forward"
    SEND_BACK = "send_back"
    REFUSE = "refuse"
    RECORD_REFUSAL_ABOVE = "record_refusal_above"
    DISCLOSE = "disclose"
    CLOSE = "close"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Transition:
    action: Action
    source: State | None  # None: the nomination begins
    target: State
    roles: frozenset[Role]
    needs_reason: bool = False
    citation: Citation = Citation(document=LAW, article="83")  # noqa: RUF009 -- frozen value


def _row(
    action: Action,
    sources: State | tuple[State, ...] | None,
    target: State,
    *roles: Role,
    article: str,
    clause: str | None = None,
    reason: bool = False,
) -> list[Transition]:
    wanted: tuple[State | None, ...] = sources if isinstance(sources, tuple) else (sources,)
    citation = Citation(document=LAW, article=article, clause=clause)
    return [Transition(action, source, target, frozenset(roles), reason, citation) for source in wanted]


_OFFICER, _REVIEWER, _SECRETARY = Role.UNIT_OFFICER, Role.REVIEWER, Role.SECRETARY
_SIGNERS = (Role.CHAIRMAN, Role.DEPUTY)
_COUNTERS = (_SECRETARY, Role.TELLER, Role.ENGINE)

TRANSITIONS: tuple[Transition, ...] = (
    *_row(Action.PROPOSE, None, State.DRAFT, _OFFICER, _SECRETARY, article="83", clause="1"),
    *_row(
        Action.SUBMIT, (State.DRAFT, State.RETURNED), State.SUBMITTED, _OFFICER, _SECRETARY, article="83", clause="1"
    ),
    *_row(
        Action.WITHDRAW,
        (State.DRAFT, State.RETURNED, State.SUBMITTED, State.ELIGIBLE),
        State.WITHDRAWN,
        _OFFICER,
        article="83",
        clause="1",
        reason=True,
    ),
    # Nobody is honoured against their will: whoever hears of it records it, at any stage. The Law is silent on it. The
    # signers, who may take back what they gave (Art. 93.8), do it by revoking one person's award.
    *_row(
        Action.DECLINE,
        (
            State.DRAFT,
            State.RETURNED,
            State.SUBMITTED,
            State.PAUSED,
            State.ELIGIBLE,
            State.ON_BALLOT,
            State.RECOMMENDED,
            State.SIGNED,
            State.FORWARDED,
            State.DISCLOSED,
            State.CLOSED,
        ),
        State.DECLINED,
        _OFFICER,
        _REVIEWER,
        _SECRETARY,
        article="83",
        clause="1",
        reason=True,
    ),
    *_row(Action.RETURN, State.SUBMITTED, State.RETURNED, _REVIEWER, article="84", reason=True),
    *_row(Action.PASS, State.SUBMITTED, State.ELIGIBLE, _REVIEWER, article="84"),
    # Simplified procedure: no council vote (Art. 85). Which row applies is the nomination's route, not the clicker's.
    *_row(Action.PASS, State.SUBMITTED, State.RECOMMENDED, _REVIEWER, article="85"),
    *_row(Action.FIND_INELIGIBLE, State.SUBMITTED, State.INELIGIBLE, _REVIEWER, article="84", reason=True),
    *_row(
        Action.PAUSE,
        (State.SUBMITTED, State.ELIGIBLE, State.RECOMMENDED),
        State.PAUSED,
        _REVIEWER,
        _SECRETARY,
        article="5",
        clause="2",
        reason=True,
    ),
    *_row(
        Action.RESUME,
        State.PAUSED,
        State.SUBMITTED,
        _REVIEWER,
        _SECRETARY,
        article="5",
        clause="2",
        reason=True,
    ),
    # Who opens a session's ballot and who counts it: the secretary, or a teller with a seat in it.
    *_row(Action.PUT_ON_BALLOT, State.ELIGIBLE, State.ON_BALLOT, _SECRETARY, Role.TELLER, article="90", clause="4"),
    *_row(
        Action.TAKE_OFF_BALLOT,
        State.ON_BALLOT,
        State.ELIGIBLE,
        _SECRETARY,
        article="90",
        clause="4",
        reason=True,
    ),
    *_row(Action.RECOMMEND, State.ON_BALLOT, State.RECOMMENDED, *_COUNTERS, article="90", clause="4"),
    *_row(Action.NOT_RECOMMEND, State.ON_BALLOT, State.NOT_RECOMMENDED, *_COUNTERS, article="90", clause="4"),
    *_row(Action.SIGN, State.RECOMMENDED, State.SIGNED, *_SIGNERS, article="13", clause="1"),
    *_row(Action.FORWARD, State.RECOMMENDED, State.FORWARDED, *_SIGNERS, article="83", clause="1"),
    *_row(Action.SEND_BACK, State.RECOMMENDED, State.SUBMITTED, *_SIGNERS, article="13", clause="1", reason=True),
    *_row(Action.REFUSE, State.RECOMMENDED, State.REFUSED, *_SIGNERS, article="13", clause="1", reason=True),
    *_row(
        Action.RECORD_REFUSAL_ABOVE,
        State.FORWARDED,
        State.REFUSED,
        _REVIEWER,
        _SECRETARY,
        article="83",
        reason=True,
    ),
    *_row(
        Action.DISCLOSE,
        (State.SIGNED, State.FORWARDED),
        State.DISCLOSED,
        _REVIEWER,
        _SECRETARY,
        article="5",
        clause="2",
    ),
    *_row(Action.CLOSE, State.DISCLOSED, State.CLOSED, _SECRETARY, Role.ENGINE, article="5", clause="2"),
    *_row(
        Action.REVOKE,
        (State.SIGNED, State.DISCLOSED, State.CLOSED),
        State.REVOKED,
        *_SIGNERS,
        article="93",
        clause="2",
        reason=True,
    ),
)

_BY_ACTION: dict[Action, dict[State | None, tuple[Transition, ...]]] = {}
for _transition in TRANSITIONS:
    _rows = _BY_ACTION.setdefault(_transition.action, {})
    _rows[_transition.source] = (*_rows.get(_transition.source, ()), _transition)


def roles_of(action: Action) -> frozenset[Role]:
    """Every role that some row of this action names."""
    return frozenset(role for row in TRANSITIONS if row.action is action for role in row.roles)


def transition(action: Action, source: State | None, *, simplified: bool = False) -> Transition:
    """The row for this action from this state. Raises Refusal `wrong_state` when the table has none."""
    rows = _BY_ACTION[action].get(source, ())
    if not rows:
        wanted = ", ".join(f"«{STATE_NAMES[s]}»" for s in _BY_ACTION[action] if s is not None)
        now = STATE_NAMES[source] if source else "chưa có"
        raise Refusal(
            "wrong_state",
            f"Hồ sơ đang ở trạng thái «{now}» nên không thực hiện được việc này; việc này chỉ làm được khi hồ sơ ở "
            f"trạng thái {wanted}. Hãy tải lại để xem hồ sơ vừa được xử lý thế nào.",
            details={"state": str(source) if source else None},
        )
    if len(rows) == 1:
        return rows[0]
    target = _target(action, simplified=simplified)
    return next(row for row in rows if row.target is target)


def ended_in(state: State, done: Sequence[Action], *, simplified: bool = False) -> Stage:
    """The stage in which a nomination of this ended state went no further; `done`: what was done with it, oldest first.

    It is where its last move began: of one withdrawn or declined, where the moves before had brought it, on its route.
    """
    ends = [row for row in TRANSITIONS if row.target is state]
    last = [row for row in ends if row.action in done] or ends
    sources = {row.source for row in last if row.source is not None}
    stages = {stage_of(source) for source in sources}
    if len(stages) == 1:
        return stages.pop()
    brought = (_target(action, simplified=simplified) for action in reversed(done))
    return next((stage_of(target) for target in brought if target in sources), STAGES[0])


def _target(action: Action, *, simplified: bool) -> State:
    """Where a move leads; the one that leads to two states does so by the nomination's route."""
    targets = {row.target for row in TRANSITIONS if row.action is action}
    return targets.pop() if len(targets) == 1 else State.RECOMMENDED if simplified else State.ELIGIBLE


def require_role(action: Action, held: frozenset[Role]) -> None:
    """Raise Refusal `not_your_role` unless one of the held roles may do this action somewhere in the table."""
    allowed = roles_of(action)
    if held.isdisjoint(allowed):
        raise not_your_role(named(allowed), citation=next(row.citation for row in TRANSITIONS if row.action is action))


def named(roles: Collection[Role]) -> str:
    """These roles as a list for a person; the engine is nobody to turn to."""
    return ", ".join(ROLE_NAMES[role] for role in Role if role in roles and role is not Role.ENGINE)


def not_your_role(who: str, *, citation: Citation | None = None) -> Refusal:
    """The refusal of an act that is not for any role of this account; `who` names those who may."""
    return Refusal(
        "not_your_role",
        f"Việc này thuộc thẩm quyền của {who}; tài khoản của bạn không có vai trò đó. "
        "Hãy chuyển cho người có thẩm quyền hoặc đề nghị cấp vai trò bằng văn bản.",
        citation=citation,
        reach=True,
    )


def require_reason(row: Transition, reason: str | None) -> None:
    """Raise Refusal `reason_required` when the row asks for a reason and none was written."""
    if row.needs_reason and not (reason and reason.strip()):
        raise Refusal(
            "reason_required",
            "Phải ghi rõ lý do: người được đề nghị có quyền biết vì sao. Hãy viết một câu nêu lý do và điều khoản.",
            citation=row.citation,
        )
