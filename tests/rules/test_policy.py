"""The one policy: the whole of role × act × relation × state against what is written here a second time."""

from itertools import combinations, product

import pytest

from rules import lifecycle, policy
from rules.lifecycle import Action, Role, State
from rules.policy import Act, Relation

NOBODY: frozenset[Role] = frozenset()
R = Relation
OFFICER, HEAD, REVIEWER, SECRETARY = Role.UNIT_OFFICER, Role.UNIT_HEAD, Role.REVIEWER, Role.SECRETARY
MEMBER, TELLER, CHAIRMAN, DEPUTY = Role.COUNCIL_MEMBER, Role.TELLER, Role.CHAIRMAN, Role.DEPUTY
INSPECTOR, ADMINISTRATOR, ENGINE = Role.INSPECTOR, Role.ADMINISTRATOR, Role.ENGINE
OFFICE = {REVIEWER, SECRETARY, CHAIRMAN, DEPUTY, INSPECTOR}
EVERYBODY = {OFFICER, HEAD, MEMBER, TELLER, ADMINISTRATOR} | OFFICE

# Act → who may do it to any object, and who only to one they are so related to.
MATRIX: dict[Act, tuple[set[Role], dict[Role, Relation]]] = {
    Act.SEE_INBOX: (EVERYBODY, {}),
    Act.OWN_ACCOUNT: (EVERYBODY, {}),
    Act.SEE_ROUND: (EVERYBODY - {ADMINISTRATOR}, {}),
    **dict.fromkeys((Act.OPEN_ROUND, Act.ADVANCE_ROUND, Act.EXTEND_ROUND), ({SECRETARY}, {})),
    **dict.fromkeys(
        (Act.SEE_NOMINATION, Act.SEE_FINDINGS, Act.SEE_PAPERS),
        (OFFICE, {OFFICER: R.OWN_UNIT, HEAD: R.OWN_UNIT, MEMBER: R.MEMBER, TELLER: R.MEMBER}),
    ),
    Act.SEE_PERSONAL_FIELDS: ({REVIEWER, SECRETARY, INSPECTOR}, {OFFICER: R.OWN_UNIT, HEAD: R.OWN_UNIT}),
    Act.COMMENT: (
        OFFICE - {INSPECTOR},
        {OFFICER: R.OWN_UNIT, HEAD: R.OWN_UNIT, MEMBER: R.MEMBER, TELLER: R.MEMBER},
    ),
    **dict.fromkeys(
        (Act.PROPOSE, Act.IMPORT_WORKBOOK, Act.MEND, Act.ATTACH, Act.SUBMIT), ({SECRETARY}, {OFFICER: R.OWN_UNIT})
    ),
    Act.WITHDRAW: (set(), {OFFICER: R.OWN_UNIT}),
    **dict.fromkeys((Act.RETURN, Act.PASS, Act.FIND_INELIGIBLE), ({REVIEWER}, {})),
    **dict.fromkeys((Act.PAUSE, Act.RESUME, Act.DISCLOSE, Act.RECORD_ANSWER), ({REVIEWER, SECRETARY}, {})),
    **dict.fromkeys((Act.SIGN, Act.SEND_BACK, Act.REFUSE, Act.REVOKE), ({CHAIRMAN}, {DEPUTY: R.AUTHORISED})),
    Act.CLOSE: ({SECRETARY, ENGINE}, {}),
    **dict.fromkeys(
        (Act.SEE_SESSION, Act.VERIFY_BALLOT, Act.SEE_RESULT),
        (OFFICE, dict.fromkeys((OFFICER, HEAD, MEMBER, TELLER), R.MEMBER)),
    ),
    **dict.fromkeys(
        (Act.CONVENE, Act.RESCHEDULE, Act.CANCEL_SESSION, Act.ATTEND, Act.WAIVE, Act.ANNUL_BALLOT), ({SECRETARY}, {})
    ),
    Act.RECUSE: ({SECRETARY}, dict.fromkeys(EVERYBODY - {SECRETARY, ADMINISTRATOR}, R.MEMBER)),
    **dict.fromkeys((Act.CAST, Act.ANSWER_CONFLICT), (set(), dict.fromkeys(EVERYBODY - {ADMINISTRATOR}, R.MEMBER))),
    **dict.fromkeys((Act.OPEN_BALLOT, Act.SIGN_ROLL), ({SECRETARY}, {TELLER: R.TELLER})),
    **dict.fromkeys((Act.CLOSE_BALLOT, Act.TALLY), ({SECRETARY, ENGINE}, {TELLER: R.TELLER})),
    Act.COUNT_BY_HAND: (set(), {TELLER: R.TELLER}),
    Act.SEE_PETITIONS: ({REVIEWER, SECRETARY, CHAIRMAN, INSPECTOR}, {}),
    Act.ANSWER_PETITION: ({REVIEWER, SECRETARY}, {}),
    Act.SEE_DASHBOARD: (OFFICE | {ADMINISTRATOR}, {}),
    Act.SEE_LEDGER: ({SECRETARY, CHAIRMAN, INSPECTOR, ADMINISTRATOR}, {}),
    Act.SEE_SECURITY_LOG: ({INSPECTOR, ADMINISTRATOR}, {}),
    Act.SEE_AUTHORISATIONS: ({SECRETARY, CHAIRMAN, DEPUTY, INSPECTOR, ADMINISTRATOR}, {}),
    Act.AUTHORISE: ({CHAIRMAN}, {}),
    Act.CONFIRM_ACCOUNT: ({SECRETARY, CHAIRMAN}, {}),
    Act.SET_UP_COUNCIL: ({SECRETARY, ADMINISTRATOR}, {}),
    Act.ADMINISTER: ({ADMINISTRATOR}, {}),
}
BARRED: dict[Act, frozenset[Relation]] = {
    **dict.fromkeys((Act.RETURN, Act.PASS, Act.FIND_INELIGIBLE), frozenset({R.PROPOSER, R.COUNTER, R.BARRED})),
    **dict.fromkeys((Act.SIGN, Act.SEND_BACK, Act.REFUSE), frozenset({R.PROPOSER, R.REVIEWER, R.COUNTER, R.BARRED})),
    **dict.fromkeys(
        (Act.SEE_NOMINATION, Act.SEE_FINDINGS, Act.SEE_PAPERS, Act.SEE_PERSONAL_FIELDS, Act.COMMENT, Act.CAST,
         Act.SEE_RESULT, Act.ATTACH, Act.MEND, Act.SUBMIT, Act.WITHDRAW, Act.PAUSE, Act.RESUME),
        frozenset({R.BARRED}),
    ),
}  # fmt: skip
MOVES: dict[Act, Action] = {
    Act.SUBMIT: Action.SUBMIT, Act.WITHDRAW: Action.WITHDRAW, Act.RETURN: Action.RETURN, Act.PASS: Action.PASS,
    Act.FIND_INELIGIBLE: Action.FIND_INELIGIBLE, Act.PAUSE: Action.PAUSE, Act.RESUME: Action.RESUME,
    Act.SIGN: Action.SIGN, Act.SEND_BACK: Action.SEND_BACK, Act.REFUSE: Action.REFUSE, Act.DISCLOSE: Action.DISCLOSE,
    Act.CLOSE: Action.CLOSE, Act.REVOKE: Action.REVOKE, Act.RECORD_ANSWER: Action.RECORD_REFUSAL_ABOVE,
    Act.OPEN_BALLOT: Action.PUT_ON_BALLOT, Act.ANNUL_BALLOT: Action.TAKE_OFF_BALLOT, Act.TALLY: Action.RECOMMEND,
}  # fmt: skip
RELATIONS = [frozenset(some) for size in range(len(Relation) + 1) for some in combinations(Relation, size)]


def test_every_act_has_a_rule_and_stands_in_the_matrix() -> None:
    assert set(policy.RULES) == set(Act) == set(MATRIX)


@pytest.mark.parametrize("act", list(Act))
def test_the_whole_matrix(act: Act) -> None:
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
def test_a_state_allows_what_the_transition_table_allows(act: Act) -> None:
    anywhere, related = MATRIX[act]
    for role, state in product(Role, State):
        relation = frozenset({R.OWN_UNIT, R.MEMBER, R.TELLER, R.AUTHORISED})
        rows = [row for row in lifecycle.TRANSITIONS if row.action is MOVES[act] and row.source is state]
        expected = role in anywhere | set(related) and any(role in row.roles for row in rows)
        assert policy.may(frozenset({role}), act, relation=relation, state=state) is expected, (role, state)


@pytest.mark.parametrize("act", list(Act))
def test_two_roles_may_what_either_may(act: Act) -> None:
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
    allowed = {act for act, relation in product(Act, RELATIONS) if policy.may(NOBODY, act, relation=relation)}
    assert allowed == {Act.SEE_INBOX, Act.OWN_ACCOUNT}


def test_the_administrator_reads_no_dossier_and_moves_none() -> None:
    allowed = {act for act in Act if policy.ever(frozenset({ADMINISTRATOR}), act)}
    assert allowed == {
        Act.SEE_INBOX, Act.OWN_ACCOUNT, Act.SEE_DASHBOARD, Act.SEE_LEDGER, Act.SEE_SECURITY_LOG,
        Act.SEE_AUTHORISATIONS, Act.SET_UP_COUNCIL, Act.ADMINISTER,
    }  # fmt: skip


def test_the_inspector_reads_and_changes_nothing() -> None:
    changing = {
        act
        for act in set(Act) - policy.READING - {Act.OWN_ACCOUNT}
        if policy.may(frozenset({INSPECTOR}), act, relation=frozenset({R.OWN_UNIT, R.AUTHORISED}))
    }
    assert changing == set()


@pytest.mark.parametrize("act", list(Act))
def test_ever_means_that_some_relation_makes_it_so(act: Act) -> None:
    for role in Role:
        some = any(policy.may(frozenset({role}), act, relation=relation) for relation in RELATIONS)
        assert policy.ever(frozenset({role}), act) is some


def test_no_one_does_two_duties_of_one_nomination() -> None:
    """Whoever proposed, reviewed or counted it does no later duty of it, with whatever roles."""
    everything = policy.WORKERS
    for did, acts in {
        R.PROPOSER: (Act.PASS, Act.RETURN, Act.FIND_INELIGIBLE, Act.SIGN, Act.REFUSE, Act.SEND_BACK),
        R.REVIEWER: (Act.SIGN, Act.REFUSE, Act.SEND_BACK),
        R.COUNTER: (Act.PASS, Act.RETURN, Act.FIND_INELIGIBLE, Act.SIGN, Act.REFUSE, Act.SEND_BACK),
    }.items():
        for act in acts:
            refused = policy.decide(everything, act, relation=frozenset({did, R.AUTHORISED, R.OWN_UNIT}))
            assert refused == policy.Refused("separation_of_duties")


@pytest.mark.parametrize(
    ("roles", "act", "relation", "state", "code"),
    [
        ({OFFICER}, Act.SIGN, set(), None, "not_your_role"),
        ({OFFICER}, Act.SUBMIT, set(), None, "not_related"),
        ({OFFICER}, Act.SUBMIT, {R.OWN_UNIT}, State.SIGNED, "wrong_state"),
        ({MEMBER}, Act.SEE_NOMINATION, {R.MEMBER, R.BARRED}, None, "recused_from"),
        ({REVIEWER}, Act.PASS, {R.PROPOSER}, State.SUBMITTED, "separation_of_duties"),
        ({DEPUTY}, Act.SIGN, set(), State.RECOMMENDED, "not_related"),
    ],
)
def test_a_refusal_says_why(
    roles: set[Role], act: Act, relation: set[Relation], state: State | None, code: str
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
