"""Who may do what to what, and see which fields of whom: the one policy of pages and programs. Denies by default.

A decision takes the roles somebody holds today, the act, how they are related to the object, and its state. Acts that
move a nomination take their roles and states from `rules.lifecycle`, so that there is one table of them. A page that
shows a button, a request, and the verb inside its transaction ask the same question here (`operations.rights` finds
the relations).

The four duties of one nomination — propose, review, count, sign — belong to four people (Law 06/2022/QH15 Art. 5.2.a:
fair and open); the administrator does none of them and reads no dossier. Who may not read a dossier does nothing with
it. Fields follow a whitelist drawn from Luật TCTT 104/2016 and NĐ 13/2023.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rules import lifecycle
from rules.lifecycle import Action, Role, State
from rules.refusal import Refusal


class Permission(StrEnum):
    """Everything that a page or a program may ask for beyond what is public."""

    # For everybody with an account
    SEE_INBOX = "see_inbox"
    OWN_ACCOUNT = "own_account"  # one's password, second factor, sessions, tokens
    # Rounds
    SEE_ROUND = "see_round"
    OPEN_ROUND = "open_round"
    ADVANCE_ROUND = "advance_round"
    EXTEND_ROUND = "extend_round"
    RUN_ROUND = "run_round"  # the machine's part of its stages, now instead of at the next time
    # A nomination, read
    SEE_NOMINATION = "see_nomination"
    SEE_FINDINGS = "see_findings"
    SEE_PAPERS = "see_papers"
    SEE_PERSONAL_FIELDS = "see_personal_fields"
    COMMENT = "comment"
    # A nomination, moved
    PROPOSE = "propose"
    IMPORT_WORKBOOK = "import_workbook"
    MEND = "mend"
    ATTACH = "attach"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    DECLINE = "decline"
    CORRECT = "correct"
    RETURN = "return_for_supplement"
    PASS = "pass_review"  # noqa: S105 -- the reviewer passes a dossier; no secret
    FIND_INELIGIBLE = "find_ineligible"
    PAUSE = "pause"
    RESUME = "resume"
    SIGN = "sign"
    SEND_BACK = "send_back"
    REFUSE = "refuse"
    DISCLOSE = "disclose"
    RECORD_ANSWER = "record_answer"
    CLOSE = "close"
    REVOKE = "revoke"
    # The council
    SEE_SESSION = "see_session"
    CONVENE = "convene"
    RESCHEDULE = "reschedule"
    CANCEL_SESSION = "cancel_session"
    ATTEND = "attend"
    RECUSE = "recuse"
    ANSWER_CONFLICT = "answer_conflict"
    WAIVE = "waive"
    OPEN_BALLOT = "open_ballot"
    TAKE_SHARE = "take_share"
    CAST = "cast"
    SIGN_ROLL = "sign_roll"
    CLOSE_BALLOT = "close_ballot"
    COUNT_BY_HAND = "count_by_hand"
    TALLY = "tally"
    ANNUL_BALLOT = "annul_ballot"
    VERIFY_BALLOT = "verify_ballot"
    SEE_RESULT = "see_result"
    # Petitions
    SEE_PETITIONS = "see_petitions"
    ANSWER_PETITION = "answer_petition"
    # The system
    SEE_DASHBOARD = "see_dashboard"
    SEE_LEDGER = "see_ledger"
    SEE_SECURITY_LOG = "see_security_log"
    SEE_AUTHORISATIONS = "see_authorisations"
    AUTHORISE = "authorise"
    CONFIRM_ACCOUNT = "confirm_account"  # what an administrator asks for with the account of somebody who decides
    SET_UP_COUNCIL = "set_up_council"
    ADMINISTER = "administer"


class Relation(StrEnum):
    """How somebody is related to the object in question (`operations.rights`); a relation not named is not there."""

    OWN_UNIT = "own_unit"  # the nomination is of a unit this person acts for
    PROPOSER = "proposer"  # handed it in, mended it or added papers to it
    REVIEWER = "reviewer"  # reviewed it, now or before it came back
    COUNTER = "counter"  # counted it, or was a teller of the session that did
    MEMBER = "member_of_session"  # a seat in the session, or in a session of the nomination's round
    TELLER = "teller_of_session"  # the same, and it is a teller's
    BARRED = "barred"  # stands aside from the nomination, or is certainly tied to it and nobody has settled that
    AUTHORISED = "authorised"  # a deputy whose authorisation is in force and covers the award


@dataclass(frozen=True, slots=True)
class Refused:
    """Why not: no role allows it at all, or none as this person is related to the object, or not in this state."""

    code: str  # not_your_role | not_related | separation_of_duties | recused_from | wrong_state
    relation: Relation | None = field(default=None, compare=False)  # the one that bars, or that is missing


@dataclass(frozen=True, slots=True)
class _Rule:
    """Role → the relation without which it may not; None: any object. `roles` empty: everybody with an account."""

    ways: dict[Role, Relation | None]
    bars: frozenset[Relation] = frozenset()
    action: Action | None = None  # its roles and states stand in the transition table
    states: frozenset[State] | None = None
    everybody: bool = False


PEOPLE = frozenset(Role) - {Role.ENGINE}
WORKERS = PEOPLE - {Role.ADMINISTRATOR}
_BARRED = frozenset({Relation.BARRED})
# The duties of one nomination exclude each other.
_REVIEWS = frozenset({Relation.PROPOSER, Relation.COUNTER, Relation.BARRED})
_SIGNS = frozenset({Relation.PROPOSER, Relation.REVIEWER, Relation.COUNTER, Relation.BARRED})
# Further conditions for a role's act on a nomination.
_NEEDS: dict[Role, Relation] = {
    Role.UNIT_OFFICER: Relation.OWN_UNIT,
    Role.UNIT_HEAD: Relation.OWN_UNIT,
    Role.DEPUTY: Relation.AUTHORISED,
    Role.TELLER: Relation.TELLER,
}


def _move(action: Action, *, bars: frozenset[Relation] = frozenset()) -> _Rule:
    ways = {role: _NEEDS.get(role) for role in lifecycle.roles_of(action)}
    states = frozenset(row.source for row in lifecycle.TRANSITIONS if row.action is action and row.source)
    return _Rule(ways, bars, action, states or None)


# Handed in, and no paper names them yet.
CORRECTABLE = frozenset({State.SUBMITTED, State.PAUSED, State.ELIGIBLE, State.ON_BALLOT, State.RECOMMENDED})
# Not yet reviewed.
OPEN_TO_PAPERS = frozenset({State.DRAFT, State.RETURNED, State.SUBMITTED, State.PAUSED})
_O, _H, _R, _S = Role.UNIT_OFFICER, Role.UNIT_HEAD, Role.REVIEWER, Role.SECRETARY
_M, _T, _C, _D = Role.COUNCIL_MEMBER, Role.TELLER, Role.CHAIRMAN, Role.DEPUTY
_I, _A = Role.INSPECTOR, Role.ADMINISTRATOR


def _any(*roles: Role) -> dict[Role, Relation | None]:
    return dict.fromkeys(roles)


def _with(relation: Relation, *roles: Role) -> dict[Role, Relation | None]:
    return dict.fromkeys(roles, relation)


_READERS = {**_any(_R, _S, _C, _D, _I), **_with(Relation.OWN_UNIT, _O, _H), **_with(Relation.MEMBER, _M, _T)}
# A seat votes, whatever else its holder is; the administrator has none.
_SEATS = _with(Relation.MEMBER, *sorted(WORKERS))
_EVERYBODY = _Rule(_any(*sorted(PEOPLE)), everybody=True)

RULES: dict[Permission, _Rule] = {
    Permission.SEE_INBOX: _EVERYBODY,
    Permission.OWN_ACCOUNT: _EVERYBODY,
    # Which dossiers of a round somebody sees is SEE_NOMINATION's matter.
    Permission.SEE_ROUND: _Rule(_any(*sorted(WORKERS))),
    Permission.OPEN_ROUND: _Rule(_any(_S)),
    Permission.ADVANCE_ROUND: _Rule(_any(_S)),
    Permission.EXTEND_ROUND: _Rule(_any(_S)),
    Permission.RUN_ROUND: _Rule(_any(_S)),
    Permission.SEE_NOMINATION: _Rule(_READERS, _BARRED),
    Permission.SEE_FINDINGS: _Rule(_READERS, _BARRED),
    Permission.SEE_PAPERS: _Rule(_READERS, _BARRED),
    Permission.SEE_PERSONAL_FIELDS: _Rule({**_any(_R, _S, _I), **_with(Relation.OWN_UNIT, _O, _H)}, _BARRED),
    Permission.COMMENT: _Rule({role: need for role, need in _READERS.items() if role is not _I}, _BARRED),
    Permission.PROPOSE: _move(Action.PROPOSE),
    Permission.IMPORT_WORKBOOK: _move(Action.PROPOSE),
    Permission.MEND: _move(Action.SUBMIT, bars=_BARRED),
    # A scan may still come while the dossier is reviewed; what it says is mended only after it was given back.
    Permission.ATTACH: replace(_move(Action.SUBMIT, bars=_BARRED), action=None, states=OPEN_TO_PAPERS),
    Permission.SUBMIT: _move(Action.SUBMIT, bars=_BARRED),
    Permission.WITHDRAW: _move(Action.WITHDRAW, bars=_BARRED),
    Permission.DECLINE: _move(Action.DECLINE, bars=_BARRED),
    # A slip in what is said of the nominee, after the unit handed it in: never by who proposed it, and who does it is
    # the nomination's reviewer from then on, so that somebody else signs.
    Permission.CORRECT: _Rule(_any(_R, _S), _REVIEWS, states=CORRECTABLE),
    Permission.RETURN: _move(Action.RETURN, bars=_REVIEWS),
    Permission.PASS: _move(Action.PASS, bars=_REVIEWS),
    Permission.FIND_INELIGIBLE: _move(Action.FIND_INELIGIBLE, bars=_REVIEWS),
    Permission.PAUSE: _move(Action.PAUSE, bars=_BARRED),
    Permission.RESUME: _move(Action.RESUME, bars=_BARRED),
    Permission.SIGN: _move(Action.SIGN, bars=_SIGNS),
    Permission.SEND_BACK: _move(Action.SEND_BACK, bars=_SIGNS),
    Permission.REFUSE: _move(Action.REFUSE, bars=_SIGNS),
    Permission.DISCLOSE: _move(Action.DISCLOSE),
    Permission.RECORD_ANSWER: _move(Action.RECORD_REFUSAL_ABOVE),
    Permission.CLOSE: _move(Action.CLOSE),
    Permission.REVOKE: _move(Action.REVOKE),
    Permission.SEE_SESSION: _Rule({**_SEATS, **_any(_R, _S, _C, _D, _I)}),
    Permission.CONVENE: _Rule(_any(_S)),
    Permission.RESCHEDULE: _Rule(_any(_S)),
    Permission.CANCEL_SESSION: _Rule(_any(_S)),
    Permission.ATTEND: _Rule(_any(_S)),
    Permission.RECUSE: _Rule({**_SEATS, **_any(_S)}),
    Permission.ANSWER_CONFLICT: _Rule(_SEATS),
    Permission.WAIVE: _Rule(_any(_S)),
    # A session's ballot and a paper are whole: who stands aside from one of its nominations still does their part in it.
    Permission.OPEN_BALLOT: _move(Action.PUT_ON_BALLOT),
    Permission.TAKE_SHARE: _Rule(_with(Relation.TELLER, _T)),
    Permission.CAST: _Rule(_SEATS, _BARRED),
    Permission.SIGN_ROLL: _Rule({**_any(_S), **_with(Relation.TELLER, _T)}),
    Permission.CLOSE_BALLOT: _Rule({**_any(_S, Role.ENGINE), **_with(Relation.TELLER, _T)}),
    Permission.COUNT_BY_HAND: _Rule(_with(Relation.TELLER, _T)),
    Permission.TALLY: _move(Action.RECOMMEND),
    Permission.ANNUL_BALLOT: _move(Action.TAKE_OFF_BALLOT),
    Permission.VERIFY_BALLOT: _Rule({**_SEATS, **_any(_R, _S, _C, _D, _I)}),
    Permission.SEE_RESULT: _Rule({**_SEATS, **_any(_R, _S, _C, _D, _I)}, _BARRED),
    Permission.SEE_PETITIONS: _Rule(_any(_R, _S, _C, _I)),
    Permission.ANSWER_PETITION: _Rule(_any(_R, _S)),
    Permission.SEE_DASHBOARD: _Rule(_any(_R, _S, _C, _D, _I, _A)),
    Permission.SEE_LEDGER: _Rule(_any(_S, _C, _I, _A)),
    Permission.SEE_SECURITY_LOG: _Rule(_any(_I, _A)),
    Permission.SEE_AUTHORISATIONS: _Rule(_any(_S, _C, _D, _I, _A)),
    Permission.AUTHORISE: _Rule(_any(_C)),
    Permission.CONFIRM_ACCOUNT: _Rule(_any(_S, _C)),
    Permission.SET_UP_COUNCIL: _Rule(_any(_S, _A)),
    Permission.ADMINISTER: _Rule(_any(_A)),
}

# The act by which an action moves a nomination.
PERMISSION_FOR: dict[Action, Permission] = {
    **{Action(act.value): act for act in Permission if act.value in set(Action)},
    Action.PUT_ON_BALLOT: Permission.OPEN_BALLOT,
    Action.TAKE_OFF_BALLOT: Permission.ANNUL_BALLOT,
    Action.RECOMMEND: Permission.TALLY,
    Action.NOT_RECOMMEND: Permission.TALLY,
    Action.FORWARD: Permission.SIGN,
    Action.RECORD_REFUSAL_ABOVE: Permission.RECORD_ANSWER,
}


class Changes(StrEnum):
    """The object of an act."""

    NOTHING = "nothing"
    OWN = "own"  # one's own account
    DOSSIER = "dossier"  # a proposal that is not yet before the council
    ROUND = "round"  # stages, dates, a meeting's hour and place
    NOTE = "note"  # what somebody else decided, or a question answered about oneself
    SYSTEM = "system"  # accounts and units; what decides waits for a second person
    VOTE = "vote"  # who votes on what, the box, the quorum, the count
    PAPER = "paper"  # what this office decides, publishes or takes back
    ANSWER = "answer"  # what a citizen is told
    POWER = "power"  # who may decide, or sign in as somebody who does


CHANGES: dict[Permission, Changes] = {
    **dict.fromkeys(
        (Permission.SEE_INBOX, Permission.SEE_ROUND, Permission.SEE_NOMINATION, Permission.SEE_FINDINGS, Permission.SEE_PAPERS, Permission.SEE_PERSONAL_FIELDS,
         Permission.SEE_SESSION, Permission.VERIFY_BALLOT, Permission.SEE_RESULT, Permission.SEE_PETITIONS, Permission.SEE_DASHBOARD, Permission.SEE_LEDGER,
         Permission.SEE_SECURITY_LOG, Permission.SEE_AUTHORISATIONS),
        Changes.NOTHING,
    ),
    Permission.OWN_ACCOUNT: Changes.OWN,
    **dict.fromkeys(
        (Permission.COMMENT, Permission.PROPOSE, Permission.IMPORT_WORKBOOK, Permission.MEND, Permission.ATTACH, Permission.SUBMIT, Permission.WITHDRAW, Permission.DECLINE, Permission.CORRECT, Permission.RETURN,
         Permission.PASS, Permission.FIND_INELIGIBLE, Permission.PAUSE, Permission.RESUME),
        Changes.DOSSIER,
    ),
    **dict.fromkeys(
        (Permission.OPEN_ROUND, Permission.ADVANCE_ROUND, Permission.EXTEND_ROUND, Permission.RUN_ROUND, Permission.CONVENE, Permission.RESCHEDULE, Permission.CANCEL_SESSION),
        Changes.ROUND,
    ),
    **dict.fromkeys((Permission.RECORD_ANSWER, Permission.CLOSE, Permission.ANSWER_CONFLICT), Changes.NOTE),
    Permission.ADMINISTER: Changes.SYSTEM,
    **dict.fromkeys(
        (Permission.ATTEND, Permission.RECUSE, Permission.WAIVE, Permission.OPEN_BALLOT, Permission.TAKE_SHARE, Permission.CAST, Permission.SIGN_ROLL, Permission.CLOSE_BALLOT,
         Permission.COUNT_BY_HAND, Permission.TALLY, Permission.ANNUL_BALLOT),
        Changes.VOTE,
    ),
    **dict.fromkeys((Permission.SIGN, Permission.SEND_BACK, Permission.REFUSE, Permission.DISCLOSE, Permission.REVOKE), Changes.PAPER),
    Permission.ANSWER_PETITION: Changes.ANSWER,
    **dict.fromkeys((Permission.AUTHORISE, Permission.CONFIRM_ACCOUNT, Permission.SET_UP_COUNCIL), Changes.POWER),
}  # fmt: skip

# What decides asks for the password on the very request that does it, at every door: a session left open or a token alone
# does none of it. Each door also looks at what an act is about to commit (`operations.people.asking`).
DECISIVE = frozenset({Changes.VOTE, Changes.PAPER, Changes.ANSWER, Changes.POWER})
CONFIRMED: frozenset[Permission] = frozenset(act for act in Permission if CHANGES[act] in DECISIVE)
# Roles that come with a seat in the council: what they may read hangs on it.
SEATED: frozenset[Role] = frozenset(
    role for role, need in RULES[Permission.SEE_NOMINATION].ways.items() if need is Relation.MEMBER
)
# Roles whose holder decides something, or judges dossiers: given by two people (docs/decisions/0014). Every worker with a
# seat votes: that hangs on the seat, not on a role. Whoever runs the system is the one who asks.
DECIDING: frozenset[Role] = (
    frozenset(
        role
        for act, rule in RULES.items()
        if CHANGES[act] in DECISIVE or act in {Permission.PASS, Permission.FIND_INELIGIBLE}
        for role, need in rule.ways.items()
        if need is not Relation.MEMBER
    )
    | SEATED
) & WORKERS
# Confirming an administrator's request.
CONFIRMING: tuple[Role, ...] = tuple(sorted(RULES[Permission.CONFIRM_ACCOUNT].ways))
# A token with the scope `read` may do these and nothing else.
READING: frozenset[Permission] = frozenset(act for act in Permission if CHANGES[act] is Changes.NOTHING)


def decide(
    roles: frozenset[Role], act: Permission, *, relation: frozenset[Relation] = frozenset(), state: State | None = None
) -> Refused | None:
    """None where the policy lets somebody with these roles do this, else why not.

    `state` is the nomination's, where the act moves one; without it the state is not looked at.
    """
    rule = RULES.get(act)
    if rule is None:
        return Refused("not_your_role")
    if rule.everybody:
        return None
    needs = ways(roles, act)
    if not needs:
        return Refused("not_your_role")
    barring = rule.bars & relation
    if Relation.BARRED in barring:
        return Refused("recused_from", Relation.BARRED)
    if barring:
        return Refused("separation_of_duties", next(one for one in Relation if one in barring))
    if not any(need is None or need in relation for need in needs):
        return Refused("not_related", next(one for one in Relation if one in needs))
    if state is not None and rule.states is not None and state not in _states(rule, effective(roles), relation):
        return Refused("wrong_state")
    return None


_SEATS_NAMED = {
    Relation.MEMBER: "thành viên được mời họp Hội đồng",
    Relation.TELLER: "người kiểm phiếu của phiên họp",
}


def _states(rule: _Rule, held: frozenset[Role], relation: frozenset[Relation]) -> frozenset[State]:
    """The states from which one of the roles that may act here may act."""
    if rule.action is None:
        return rule.states or frozenset()
    acting = {role for role in held if role in rule.ways and (rule.ways[role] is None or rule.ways[role] in relation)}
    return frozenset(
        row.source for row in lifecycle.TRANSITIONS if row.action is rule.action and row.source and row.roles & acting
    )


def may(
    roles: frozenset[Role], act: Permission, *, relation: frozenset[Relation] = frozenset(), state: State | None = None
) -> bool:
    """Does the policy let somebody with these roles do this to an object so related and in this state?"""
    return decide(roles, act, relation=relation, state=state) is None


def asked(act: Permission) -> frozenset[Relation]:
    """The relations on which a decision about this act may depend: no other need be looked up."""
    rule = RULES[act]
    return rule.bars | {need for need in rule.ways.values() if need is not None}


def ways(roles: frozenset[Role], act: Permission) -> frozenset[Relation | None]:
    """The relations any of which lets these roles do this, unless another bars them; None: to any object."""
    rule = RULES[act]
    return frozenset(rule.ways[role] for role in effective(roles) if role in rule.ways)


def not_your_role(act: Permission) -> Refusal:
    """The refusal of an act that no role of this account may do to any object, or to none so little related."""
    rule = RULES[act]
    names = lifecycle.named({role for role, need in rule.ways.items() if need not in _SEATS_NAMED})
    seats = next((name for need, name in _SEATS_NAMED.items() if need in rule.ways.values()), "")
    cited = next((row.citation for row in lifecycle.TRANSITIONS if row.action is rule.action), None)
    return lifecycle.not_your_role(", ".join(filter(None, (names, seats))), citation=cited)


def ever(roles: frozenset[Role], act: Permission) -> bool:
    """Is there any object on which somebody with these roles may do this? For menus and the first look at a request."""
    rule = RULES.get(act)
    return rule is not None and (rule.everybody or not effective(roles).isdisjoint(rule.ways))


def effective(roles: frozenset[Role]) -> frozenset[Role]:
    """An administrator of the system has no other duty in it."""
    return frozenset({Role.ADMINISTRATOR}) if Role.ADMINISTRATOR in roles else roles


def incompatible(role: Role, held: Iterable[Role]) -> frozenset[Role]:
    """Roles among `held` that cannot stand beside this one in one account: administering excludes every other."""
    others = frozenset(held) - {role}
    return others if role is Role.ADMINISTRATOR else others & {Role.ADMINISTRATOR}


# Fields of a nominee ----------------------------------------------------------------------------------------------

PUBLIC_FIELDS = frozenset(
    {"name", "honorific", "kind", "position", "workplace", "unit", "award", "achievement", "decision"}
)
_STATISTICAL = frozenset({"gender", "ethnicity"})
_ABOUT_THE_CASE = frozenset({"reason", "findings", "rating", "initiative", "object_class", "field", "prior_decision"})
_PERSONAL = frozenset({"birth_date", "email"})
_FOR_COUNCIL = PUBLIC_FIELDS | _STATISTICAL | _ABOUT_THE_CASE | {"petition"}
_FOR_UNIT = PUBLIC_FIELDS | _STATISTICAL | _ABOUT_THE_CASE | _PERSONAL
_FOR_OFFICE = _FOR_COUNCIL | _PERSONAL


def fields_of_nominee(roles: frozenset[Role], relation: frozenset[Relation] = frozenset()) -> frozenset[str]:
    """Which fields of a nominee and its case somebody may see: the public ones at least, unless they stand aside.

    A vote of a named member is no field at all. Petitions are shown to the council and the office, never to the unit;
    the proposing unit sees its own people whole, and why its nominee was refused.
    """
    if Relation.BARRED in relation:
        return frozenset()
    held = effective(roles)
    found = PUBLIC_FIELDS
    if held & {Role.REVIEWER, Role.SECRETARY, Role.INSPECTOR, Role.ENGINE}:
        found |= _FOR_OFFICE
    if held & {Role.CHAIRMAN, Role.DEPUTY} or (Relation.MEMBER in relation and held & WORKERS):
        found |= _FOR_COUNCIL
    if Relation.OWN_UNIT in relation and held & {Role.UNIT_OFFICER, Role.UNIT_HEAD}:
        found |= _FOR_UNIT
    return found
