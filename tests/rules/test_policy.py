"""The one policy: the whole of role × act × relation × state against what is written here a second time."""

from itertools import combinations, product

import pytest

from rules import lifecycle, policy
from rules.lifecycle import Action, Role, State
from rules.policy import Permission, Relation

NOBODY: frozenset[Role] = frozenset()
R = Relation
OFFICER, HEAD, REVIEWER, SECRETARY = Role.UNIT_OFFICER, Role.UNIT_HEAD, Role.REVIEWER, Role.SECRETARY
MEMBER, TELLER, CHAIRMAN, DEPUTY = Role.COUNCIL_MEMBER, Role.TELLER, Role.CHAIRMAN, Role.DEPUTY
INSPECTOR, ADMINISTRATOR, ENGINE = Role.INSPECTOR, Role.ADMINISTRATOR, Role.ENGINE
OFFICE = {REVIEWER, SECRETARY, CHAIRMAN, DEPUTY, INSPECTOR}
EVERYBODY = {OFFICER, HEAD, MEMBER, TELLER, ADMINISTRATOR} | OFFICE

# Permission → who may do it to any object, and who only to one they are so related to.
MATRIX: dict[Permission, tuple[set[Role], dict[Role, Relation]]] = {
    Permission.SEE_INBOX: (EVERYBODY, {}),
    Permission.OWN_ACCOUNT: (EVERYBODY, {}),
    Permission.SEE_ROUND: (EVERYBODY - {ADMINISTRATOR}, {}),
    **dict.fromkeys(
        (Permission.OPEN_ROUND, Permission.ADVANCE_ROUND, Permission.EXTEND_ROUND, Permission.RUN_ROUND),
        ({SECRETARY}, {}),
    ),
    **dict.fromkeys(
        (Permission.SEE_NOMINATION, Permission.SEE_FINDINGS, Permission.SEE_PAPERS),
        (OFFICE, {OFFICER: R.OWN_UNIT, HEAD: R.OWN_UNIT, MEMBER: R.MEMBER, TELLER: R.MEMBER}),
    ),
    Permission.SEE_PERSONAL_FIELDS: ({REVIEWER, SECRETARY, INSPECTOR}, {OFFICER: R.OWN_UNIT, HEAD: R.OWN_UNIT}),
    Permission.COMMENT: (
        OFFICE - {INSPECTOR},
        {OFFICER: R.OWN_UNIT, HEAD: R.OWN_UNIT, MEMBER: R.MEMBER, TELLER: R.MEMBER},
    ),
    **dict.fromkeys(
        (Permission.PROPOSE, Permission.IMPORT_WORKBOOK, Permission.MEND, Permission.ATTACH, Permission.SUBMIT),
        ({SECRETARY}, {OFFICER: R.OWN_UNIT}),
    ),
    Permission.WITHDRAW: (set(), {OFFICER: R.OWN_UNIT}),
    **dict.fromkeys((Permission.RETURN, Permission.PASS, Permission.FIND_INELIGIBLE), ({REVIEWER}, {})),
    **dict.fromkeys(
        (Permission.PAUSE, Permission.RESUME, Permission.DISCLOSE, Permission.RECORD_ANSWER),
        ({REVIEWER, SECRETARY}, {}),
    ),
    **dict.fromkeys(
        (Permission.SIGN, Permission.SEND_BACK, Permission.REFUSE, Permission.REVOKE),
        ({CHAIRMAN}, {DEPUTY: R.AUTHORISED}),
    ),
    Permission.CLOSE: ({SECRETARY, ENGINE}, {}),
    **dict.fromkeys(
        (Permission.SEE_SESSION, Permission.VERIFY_BALLOT, Permission.SEE_RESULT),
        (OFFICE, dict.fromkeys((OFFICER, HEAD, MEMBER, TELLER), R.MEMBER)),
    ),
    **dict.fromkeys(
        (
            Permission.CONVENE,
            Permission.RESCHEDULE,
            Permission.CANCEL_SESSION,
            Permission.ATTEND,
            Permission.WAIVE,
            Permission.ANNUL_BALLOT,
        ),
        ({SECRETARY}, {}),
    ),
    Permission.DECLINE: ({REVIEWER, SECRETARY}, {OFFICER: R.OWN_UNIT}),
    Permission.CORRECT: ({REVIEWER, SECRETARY}, {}),
    Permission.RECUSE: ({SECRETARY}, dict.fromkeys(EVERYBODY - {SECRETARY, ADMINISTRATOR}, R.MEMBER)),
    **dict.fromkeys(
        (Permission.CAST, Permission.ANSWER_CONFLICT), (set(), dict.fromkeys(EVERYBODY - {ADMINISTRATOR}, R.MEMBER))
    ),
    **dict.fromkeys((Permission.OPEN_BALLOT, Permission.SIGN_ROLL), ({SECRETARY}, {TELLER: R.TELLER})),
    **dict.fromkeys((Permission.CLOSE_BALLOT, Permission.TALLY), ({SECRETARY, ENGINE}, {TELLER: R.TELLER})),
    **dict.fromkeys((Permission.COUNT_BY_HAND, Permission.TAKE_SHARE), (set(), {TELLER: R.TELLER})),
    Permission.SEE_PETITIONS: ({REVIEWER, SECRETARY, CHAIRMAN, INSPECTOR}, {}),
    Permission.ANSWER_PETITION: ({REVIEWER, SECRETARY}, {}),
    Permission.SEE_DASHBOARD: (OFFICE | {ADMINISTRATOR}, {}),
    Permission.SEE_LEDGER: ({SECRETARY, CHAIRMAN, INSPECTOR, ADMINISTRATOR}, {}),
    Permission.SEE_SECURITY_LOG: ({INSPECTOR, ADMINISTRATOR}, {}),
    Permission.SEE_AUTHORISATIONS: ({SECRETARY, CHAIRMAN, DEPUTY, INSPECTOR, ADMINISTRATOR}, {}),
    Permission.AUTHORISE: ({CHAIRMAN}, {}),
    Permission.CONFIRM_ACCOUNT: ({SECRETARY, CHAIRMAN}, {}),
    Permission.SET_UP_COUNCIL: ({SECRETARY, ADMINISTRATOR}, {}),
    Permission.ADMINISTER: ({ADMINISTRATOR}, {}),
}
BARRED: dict[Permission, frozenset[Relation]] = {
    **dict.fromkeys((Permission.RETURN, Permission.PASS, Permission.FIND_INELIGIBLE, Permission.CORRECT), frozenset({R.PROPOSER, R.COUNTER, R.BARRED})),
    **dict.fromkeys((Permission.SIGN, Permission.SEND_BACK, Permission.REFUSE), frozenset({R.PROPOSER, R.REVIEWER, R.COUNTER, R.BARRED})),
    **dict.fromkeys(
        (Permission.SEE_NOMINATION, Permission.SEE_FINDINGS, Permission.SEE_PAPERS, Permission.SEE_PERSONAL_FIELDS, Permission.COMMENT, Permission.CAST,
         Permission.SEE_RESULT, Permission.ATTACH, Permission.MEND, Permission.SUBMIT, Permission.WITHDRAW, Permission.DECLINE, Permission.PAUSE, Permission.RESUME),
        frozenset({R.BARRED}),
    ),
}  # fmt: skip
MOVES: dict[Permission, Action] = {
    Permission.SUBMIT: Action.SUBMIT, Permission.WITHDRAW: Action.WITHDRAW, Permission.DECLINE: Action.DECLINE, Permission.RETURN: Action.RETURN, Permission.PASS: Action.PASS,
    Permission.FIND_INELIGIBLE: Action.FIND_INELIGIBLE, Permission.PAUSE: Action.PAUSE, Permission.RESUME: Action.RESUME,
    Permission.SIGN: Action.SIGN, Permission.SEND_BACK: Action.SEND_BACK, Permission.REFUSE: Action.REFUSE, Permission.DISCLOSE: Action.DISCLOSE,
    Permission.CLOSE: Action.CLOSE, Permission.REVOKE: Action.REVOKE, Permission.RECORD_ANSWER: Action.RECORD_REFUSAL_ABOVE,
    Permission.OPEN_BALLOT: Action.PUT_ON_BALLOT, Permission.ANNUL_BALLOT: Action.TAKE_OFF_BALLOT, Permission.TALLY: Action.RECOMMEND,
}  # fmt: skip
RELATIONS = [frozenset(some) for size in range(len(Relation) + 1) for some in combinations(Relation, size)]


def test_every_act_has_a_rule_and_stands_in_the_matrix() -> None:
    assert set(policy.RULES) == set(Permission) == set(MATRIX)


@pytest.mark.parametrize("act", list(Permission))
def test_the_whole_matrix(act: Permission) -> None:
    """Each role alone, with every set of relations: allowed exactly where the matrix says so."""
    anywhere, related = MATRIX[act]
    for role, relation in product(Role, RELATIONS):
        expected = (role in anywhere or (role in related and related[role] in relation)) and not (
            BARRED.get(act, frozenset()) & relation
        )
        if MATRIX[act][0] is EVERYBODY:
            expected = True
        assert policy.may(frozenset({role}), act, relation=relation) is expected, (role, sorted(relation))


@pytest.mark.parametrize("act", sorted(MOVES))
def test_a_state_allows_what_the_transition_table_allows(act: Permission) -> None:
    anywhere, related = MATRIX[act]
    for role, state in product(Role, State):
        relation = frozenset({R.OWN_UNIT, R.MEMBER, R.TELLER, R.AUTHORISED})
        rows = [row for row in lifecycle.TRANSITIONS if row.action is MOVES[act] and row.source is state]
        expected = role in anywhere | set(related) and any(role in row.roles for row in rows)
        assert policy.may(frozenset({role}), act, relation=relation, state=state) is expected, (role, state)


@pytest.mark.parametrize("act", list(Permission))
def test_two_roles_may_what_either_may(act: Permission) -> None:
    """Holding more never takes away, but for administering, which takes away everything else."""
    for one, other in combinations(sorted(policy.PEOPLE), 2):
        for relation in ([], [R.OWN_UNIT], [R.MEMBER], [R.AUTHORISED], [R.BARRED], [R.TELLER, R.MEMBER], [R.COUNTER]):
            alone = [policy.may(frozenset({role}), act, relation=frozenset(relation)) for role in (one, other)]
            both = policy.may(frozenset({one, other}), act, relation=frozenset(relation))
            if ADMINISTRATOR in (one, other):
                assert both is policy.may(frozenset({ADMINISTRATOR}), act, relation=frozenset(relation))
            else:
                assert both is any(alone), (one, other, relation)


def test_without_a_role_there_is_only_ones_own_account() -> None:
    allowed = {act for act, relation in product(Permission, RELATIONS) if policy.may(NOBODY, act, relation=relation)}
    assert allowed == {Permission.SEE_INBOX, Permission.OWN_ACCOUNT}


def test_the_administrator_reads_no_dossier_and_moves_none() -> None:
    allowed = {act for act in Permission if policy.ever(frozenset({ADMINISTRATOR}), act)}
    assert allowed == {
        Permission.SEE_INBOX, Permission.OWN_ACCOUNT, Permission.SEE_DASHBOARD, Permission.SEE_LEDGER, Permission.SEE_SECURITY_LOG,
        Permission.SEE_AUTHORISATIONS, Permission.SET_UP_COUNCIL, Permission.ADMINISTER,
    }  # fmt: skip


def test_the_inspector_reads_and_changes_nothing() -> None:
    changing = {
        act
        for act in set(Permission) - policy.READING - {Permission.OWN_ACCOUNT}
        if policy.may(frozenset({INSPECTOR}), act, relation=frozenset({R.OWN_UNIT, R.AUTHORISED}))
    }
    assert changing == set()


@pytest.mark.parametrize("act", list(Permission))
def test_ever_means_that_some_relation_makes_it_so(act: Permission) -> None:
    for role in Role:
        some = any(policy.may(frozenset({role}), act, relation=relation) for relation in RELATIONS)
        assert policy.ever(frozenset({role}), act) is some


def test_no_one_does_two_duties_of_one_nomination() -> None:
    """Whoever proposed, reviewed or counted it does no later duty of it, with whatever roles."""
    everything = policy.WORKERS
    for did, acts in {
        R.PROPOSER: (
            Permission.PASS,
            Permission.RETURN,
            Permission.FIND_INELIGIBLE,
            Permission.SIGN,
            Permission.REFUSE,
            Permission.SEND_BACK,
        ),
        R.REVIEWER: (Permission.SIGN, Permission.REFUSE, Permission.SEND_BACK),
        R.COUNTER: (
            Permission.PASS,
            Permission.RETURN,
            Permission.FIND_INELIGIBLE,
            Permission.SIGN,
            Permission.REFUSE,
            Permission.SEND_BACK,
        ),
    }.items():
        for act in acts:
            refused = policy.decide(everything, act, relation=frozenset({did, R.AUTHORISED, R.OWN_UNIT}))
            assert refused == policy.Refused("separation_of_duties")


@pytest.mark.parametrize(
    ("roles", "act", "relation", "state", "code"),
    [
        ({OFFICER}, Permission.SIGN, set(), None, "not_your_role"),
        ({OFFICER}, Permission.SUBMIT, set(), None, "not_related"),
        ({OFFICER}, Permission.SUBMIT, {R.OWN_UNIT}, State.SIGNED, "wrong_state"),
        ({MEMBER}, Permission.SEE_NOMINATION, {R.MEMBER, R.BARRED}, None, "recused_from"),
        ({REVIEWER}, Permission.PASS, {R.PROPOSER}, State.SUBMITTED, "separation_of_duties"),
        ({DEPUTY}, Permission.SIGN, set(), State.RECOMMENDED, "not_related"),
    ],
)
def test_a_refusal_says_why(
    roles: set[Role], act: Permission, relation: set[Relation], state: State | None, code: str
) -> None:
    assert policy.decide(frozenset(roles), act, relation=frozenset(relation), state=state) == policy.Refused(code)


def test_administering_stands_beside_no_other_role() -> None:
    for role in policy.WORKERS:
        assert policy.incompatible(ADMINISTRATOR, [role]) == {role}
        assert policy.incompatible(role, [ADMINISTRATOR]) == {ADMINISTRATOR}
    for one, other in combinations(policy.WORKERS, 2):
        assert policy.incompatible(one, [other]) == frozenset()


# Fields ----------------------------------------------------------------------------------------------------------

PUBLIC = {"name", "honorific", "kind", "position", "workplace", "unit", "award", "achievement", "decision"}
CASE = {"gender", "ethnicity", "reason", "findings", "rating", "initiative", "object_class", "field", "prior_decision"}
PERSONAL = {"birth_date", "email"}


@pytest.mark.parametrize(
    ("role", "relation", "fields"),
    [
        (None, set(), PUBLIC),
        (OFFICER, set(), PUBLIC),
        (HEAD, set(), PUBLIC),
        (MEMBER, set(), PUBLIC),
        (TELLER, set(), PUBLIC),
        (ADMINISTRATOR, {R.OWN_UNIT, R.MEMBER}, PUBLIC),
        (OFFICER, {R.OWN_UNIT}, PUBLIC | CASE | PERSONAL),
        (HEAD, {R.OWN_UNIT}, PUBLIC | CASE | PERSONAL),
        (MEMBER, {R.OWN_UNIT}, PUBLIC),
        (MEMBER, {R.MEMBER}, PUBLIC | CASE | {"petition"}),
        (TELLER, {R.MEMBER}, PUBLIC | CASE | {"petition"}),
        (CHAIRMAN, set(), PUBLIC | CASE | {"petition"}),
        (DEPUTY, set(), PUBLIC | CASE | {"petition"}),
        (REVIEWER, set(), PUBLIC | CASE | PERSONAL | {"petition"}),
        (SECRETARY, set(), PUBLIC | CASE | PERSONAL | {"petition"}),
        (INSPECTOR, set(), PUBLIC | CASE | PERSONAL | {"petition"}),
        *((role, {R.BARRED, R.MEMBER}, set()) for role in Role),
    ],
)
def test_fields_of_a_nominee(role: Role | None, relation: set[Relation], fields: set[str]) -> None:
    roles = frozenset({role}) if role else NOBODY
    assert policy.fields_of_nominee(roles, frozenset(relation)) == fields
