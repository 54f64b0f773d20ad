"""The proof of one entry, checked by the package and by docs/verify.py, which shares no code with it."""

import importlib.util
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import canonical, commitment, entry, merkle, note, proof, tiles, unproven

SCRIPT = Path(__file__).parents[2] / "docs" / "verify.py"
FIELDS = {"award": "CSTDCS", "nominee": "Lò Thị Đẹp", "number": 123, "signed": True}


def load_script():
    spec = importlib.util.spec_from_file_location("offline_verifier", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = load_script()


class Log:
    """A log of `size` entries, the one at `index` with known fields."""

    def __init__(self, signer, make_entry, size=11, index=5):
        commitments, openings = commitment.commit_fields(FIELDS)
        self.signer, self.index, self.size = signer, index, size
        self.openings = [{"field": field, "salt": salt, "value": value} for field, (salt, value) in openings.items()]
        self.leaves = [make_entry(at, commitments if at == index else None) for at in range(size)]
        self.tree = merkle.Tree(map(merkle.leaf_hash, self.leaves))
        self.checkpoint = note.checkpoint(signer, size, self.tree.root())

    def proof(self, openings=None, *, extra=None, index=None, checkpoint=None):
        shown = self.openings if openings is None else openings
        data = proof.extra(self.leaves[self.index], shown) if extra is None else extra
        at = self.index if index is None else index
        return proof.write(at, self.tree.inclusion_proof(self.index), data, checkpoint or self.checkpoint)


@pytest.fixture(scope="module")
def log(signer, make_entry):
    return Log(signer, make_entry)


def refused(text, vkey):
    """Which part the package names; the stand-alone script must refuse as well."""
    with pytest.raises(unproven.Unproven) as caught:
        proof.check(text, vkey)
    with pytest.raises(script.NotProven):
        script.verify(text, vkey)
    return caught.value.part


def test_the_text_is_that_of_the_specification(log):
    lines = log.proof(log.openings[:1]).split("\n")

    assert (lines[0], lines[2], lines[7:]) == ("c2sp.org/tlog-proof@v1", "index 5", ["", *log.checkpoint.split("\n")])
    assert [b64decode(line) for line in lines[3:7]] == log.tree.inclusion_proof(5)
    assert json.loads(b64decode(lines[1].removeprefix("extra "))) == {
        "entry": json.loads(log.leaves[5]),
        "openings": log.openings[:1],
    }


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 300])
def test_every_entry_of_a_log_is_proven_by_both(signer, make_entry, size):
    for index in {0, 1, size // 2, size - 1} & set(range(size)):
        log = Log(signer, make_entry, size=size, index=index)
        text = log.proof()
        expected = {
            "index": index,
            "size": size,
            "origin": signer.origin,
            "openings": log.openings,
            "kind": "nomination:submitted",
            "subject": f"KT-2024-{index:05d}",
            "at": "2024-12-20T01:00:00+00:00",
            "state": None,
            "later": None,
        }
        told = (json.loads(log.leaves[index]), log.openings, signer.origin, size, None)

        assert proof.check(text, signer.vkey) == expected
        assert script.verify(text, signer.vkey) == told


def test_fields_are_shown_one_by_one_or_not_at_all(log):
    shown = [proof.check(log.proof(part), log.signer.vkey)["openings"] for part in ([], log.openings[1:2])]

    assert shown == [[], log.openings[1:2]]


def test_verify_tells_the_entry_and_the_checkpoint(log):
    proven = proof.verify(log.proof(), log.signer.vkey)

    assert (proven.entry.subject, proven.checkpoint) == (
        "KT-2024-00005",
        note.Checkpoint(log.signer.origin, 11, log.tree.root()),
    )


def test_a_witness_may_sign_as_well(log):
    text = log.proof() + note.checkpoint(note.Signer("witness.example", bytes(32)), 1, bytes(32)).split("\n\n")[1]

    assert proof.check(text, log.signer.vkey)["index"] == script.verify(text, log.signer.vkey)[0]["index"] == 5


def test_every_altered_byte_is_refused_by_both(log):
    text = log.proof(log.openings[:1]).encode()
    passed = []
    for at in range(len(text)):
        altered = text[:at] + bytes([text[at] ^ (1 << at % 7)]) + text[at + 1 :]
        for check, refusal in ((proof.check, unproven.Unproven), (script.verify, script.NotProven)):
            try:
                check(altered.decode(), log.signer.vkey)
                passed.append((check, altered))
            except (refusal, UnicodeDecodeError):
                continue

    assert passed == []


@given(data=st.data())
def test_every_altered_byte_of_the_extra_data_is_refused_by_both(log, data):
    extra = proof.extra(log.leaves[5], log.openings)
    at = data.draw(st.integers(0, len(extra) - 1))
    bit = data.draw(st.integers(0, 7))
    altered = extra[:at] + bytes([extra[at] ^ (1 << bit)]) + extra[at + 1 :]

    assert refused(log.proof(extra=altered), log.signer.vkey) in {"extra", "entry", "index", "inclusion", "opening"}


@given(data=st.data())
def test_a_cut_or_lengthened_proof_is_refused_by_both(log, data):
    text = log.proof()
    at = data.draw(st.integers(0, len(text) - 1))
    more = data.draw(st.sampled_from(["\n", "\r\n", " ", "A", "\x00", "—"]))

    refused(text[:at], log.signer.vkey)
    refused(text[:at] + more + text[at:], log.signer.vkey)
    refused(text + more, log.signer.vkey)


def extra_of(log, entry=None, openings=None):
    told = json.loads(log.leaves[5]) if entry is None else entry
    return canonical.dumps({"entry": told, "openings": log.openings if openings is None else openings})


def test_names_what_failed(log, make_entry):
    entry = json.loads(log.leaves[5])
    first, second = log.openings[:2]
    good = extra_of(log)
    other = note.Signer(log.signer.origin, bytes(32))
    texts = {
        "signed by another key": log.proof(checkpoint=note.checkpoint(other, 11, log.tree.root())),
        "another root": log.proof(checkpoint=note.checkpoint(log.signer, 11, bytes(32))),
        "another size": log.proof(checkpoint=note.checkpoint(log.signer, 22, log.tree.root())),
        "a witness with a tab": log.proof() + "— wit\tness.example AAAAAAAA\n",
        "a smaller tree": log.proof(checkpoint=note.checkpoint(log.signer, 5, log.tree.root(5))),
        "extension line": log.proof(
            checkpoint=log.signer.sign(f"{log.signer.origin}\n11\n{b64encode(log.tree.root()).decode()}\nmore\n")
        ),
        "another index": log.proof(index=4),
        "another entry": log.proof(extra=extra_of(log, entry | {"subject": "KT-2024-00006"})),
        "an unknown key": log.proof(extra=extra_of(log, entry | {"note": "x"})),
        "an entry that is a list": log.proof(extra=extra_of(log, [])),
        "another value": log.proof(extra=extra_of(log, openings=[first | {"value": "LDTT"}])),
        "a value of another type": log.proof(extra=extra_of(log, openings=[log.openings[3] | {"value": 1}])),
        "a field not committed to": log.proof(extra=extra_of(log, openings=[first | {"field": "other"}])),
        "the salt of another": log.proof(extra=extra_of(log, openings=[first | {"salt": second["salt"]}])),
        "a salt of no form": log.proof(extra=extra_of(log, openings=[first | {"salt": 1}])),
        "a salt of 15 bytes": log.proof(extra=extra_of(log, openings=[first | {"salt": "A" * 20}])),
        "shown twice": log.proof(extra=extra_of(log, openings=[first, first])),
        "an opening with more": log.proof(extra=extra_of(log, openings=[first | {"note": "x"}])),
        "an opening that is a text": log.proof(extra=extra_of(log, openings=["x"])),
        "openings that are none": log.proof(extra=canonical.dumps({"entry": entry, "openings": {}})),
        "more in extra": log.proof(extra=canonical.dumps({"entry": entry, "openings": [], "note": "x"})),
        "extra not canonical": log.proof(extra=good.replace(b'"openings":', b'"openings": ')),
        "a doubled key": log.proof(extra=good.replace(b'"v":1', b'"v":1,"v":1')),
        "a float": log.proof(extra=good.replace(b'"v":1', b'"v":1.0')),
        "nested": log.proof(extra=b"[" * 200_000),
        "no extra": log.proof(extra=b""),
        "no entry": log.proof(extra=b"null"),
        "another header": log.proof().replace("@v1", "@v2", 1),
        "index with a zero": log.proof().replace("index 5", "index 05"),
        "no index": log.proof().replace("index 5\n", ""),
        "a hash that is none": log.proof().replace("index 5\n", "index 5\n!\n"),
        "one hash more": log.proof().replace("index 5\n", f"index 5\n{b64encode(bytes(32)).decode()}\n"),
        "a short hash": log.proof().replace("index 5\n", "index 5\nAAAA\n"),
        "nothing": "",
    }

    assert {name: refused(text, log.signer.vkey) for name, text in texts.items()} == {
        "signed by another key": "signature",
        "another root": "inclusion",
        "another size": "inclusion",
        "a witness with a tab": "format",
        "a smaller tree": "inclusion",
        "extension line": "checkpoint",
        "another index": "index",
        "another entry": "inclusion",
        "an unknown key": "entry",
        "an entry that is a list": "entry",
        "another value": "opening",
        "a value of another type": "opening",
        "a field not committed to": "opening",
        "the salt of another": "opening",
        "a salt of no form": "opening",
        "a salt of 15 bytes": "opening",
        "shown twice": "opening",
        "an opening with more": "opening",
        "an opening that is a text": "opening",
        "openings that are none": "extra",
        "more in extra": "extra",
        "extra not canonical": "extra",
        "a doubled key": "extra",
        "a float": "extra",
        "nested": "extra",
        "no extra": "format",
        "no entry": "extra",
        "another header": "format",
        "index with a zero": "format",
        "no index": "format",
        "a hash that is none": "format",
        "one hash more": "inclusion",
        "a short hash": "inclusion",
        "nothing": "format",
    }
    assert refused(log.proof(), "not a key") == "vkey"
    assert refused(log.proof(), other.vkey) == "signature"


def test_an_entry_at_another_place_than_it_says_is_refused_by_both(signer, make_entry):
    leaves = [make_entry(at) for at in (0, 2, 1)]
    tree = merkle.Tree(map(merkle.leaf_hash, leaves))
    text = proof.write(1, tree.inclusion_proof(1), proof.extra(leaves[1], []), note.checkpoint(signer, 3, tree.root()))

    assert refused(text, signer.vkey) == "index"


def test_a_false_proof_is_not_handed_out(log):
    with pytest.raises(unproven.Unproven) as opening:
        proof.extra(log.leaves[5], [log.openings[0] | {"value": "LDTT"}])
    with pytest.raises(unproven.Unproven) as entry:
        proof.extra(b"{}", [])

    assert (opening.value.part, entry.value.part) == ("opening", "entry")


def run_script(folder, text, vkey, *options):
    (folder / "decision.tlog-proof").write_bytes(text.encode())
    (folder / "vkey").write_text(vkey + "\n")
    # -I: neither the project nor anything else of this process is on its path.
    ran = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "decision.tlog-proof", "--vkey", "vkey", *options],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stdout.decode().splitlines(), ran.stderr


def test_the_script_proves_on_its_own(tmp_path, log):
    assert run_script(tmp_path, log.proof(log.openings[:2]), log.signer.vkey, "--entry") == (
        0,
        [
            "ĐÚNG: bản ghi nằm trong sổ cái đã ký và các giá trị công khai là thật.",
            "PROVEN: the entry stands in the signed log and the disclosed values are genuine.",
            "  Sổ cái / log: vinhdanh.example/so-cai (11 bản ghi / entries)",
            '  Bản ghi / entry: 5, 2024-12-20T01:00:00.000005Z, nomination:submitted, "KT-2024-00005"',
            '  "award": "CSTDCS"',
            '  "nominee": "Lò Thị Đẹp"',
        ],
        b"",
    )


def test_the_script_refuses_on_its_own(tmp_path, log):
    altered = log.proof(checkpoint=note.checkpoint(log.signer, 11, bytes(32)))

    assert run_script(tmp_path, altered, log.signer.vkey) == (
        1,
        ["KHÔNG ĐÚNG: Bản ghi không nằm trong sổ cái đã ký.", "NOT PROVEN: The entry is not in the signed log."],
        b"",
    )


def test_the_script_takes_nothing_of_the_project():
    imports = [line for line in SCRIPT.read_text().splitlines() if line.startswith(("import ", "from "))]
    packages = {line.split()[1].split(".")[0] for line in imports}

    assert packages - set(sys.stdlib_module_names) == {"cryptography"}


def test_a_missing_file_is_not_proven(tmp_path, log, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["verify.py", str(tmp_path / "none"), "--vkey", str(tmp_path / "none")])

    assert script.main() == 1
    assert capsys.readouterr().out.splitlines()[0] == f"KHÔNG ĐÚNG: Không đọc được tệp {tmp_path / 'none'}."


# A decision and what came later -------------------------------------------------------------------------------------

STORY = (
    ("1-2024", "decision:signed", {"about": ["01/QĐ-UBND", "LDTT", "Khen thưởng"], "state": "in_force"}),
    ("2-2024", "decision:signed", {"about": ["02/QĐ-UBND", "LDTT", "Khen thưởng"], "state": "in_force"}),
    ("1-2024", "disclosure:published", {"when": ["2024-12-20", ""]}),
    ("1-2024", "decision:paper_rendered", {"paper": "ab" * 32}),
    ("2-2024", "decision:revoked", {"state": "revoked"}),
    ("1-2024", "decision:revoked", {"state": "revoked", "revoked": ["93.2.a", "lý do", "2024-12-21"]}),
    ("DN-1", "nomination:closed", {"state": "closed"}),
)
PUBLIC = {"about", "state", "paper"}


class Decisions:
    """A log in which decision 1-2024 is signed, printed and revoked among other entries."""

    def __init__(self, signer):
        self.signer = signer
        self.leaves, self.openings = [], []
        for index, (subject, kind, fields) in enumerate(STORY):
            commitments, opened = commitment.commit_fields(fields)
            at = datetime(2024, 12, 20, 1, tzinfo=UTC) + timedelta(seconds=index)
            self.leaves.append(entry.encode(index, at, kind, subject, commitments))
            self.openings.append(
                [
                    {"field": f, "salt": salt, "value": value}
                    for f, (salt, value) in sorted(opened.items())
                    if f in PUBLIC
                ]
            )
        self.tree = merkle.Tree(map(merkle.leaf_hash, self.leaves))

    def event(self, index, size=7):
        return self.leaves[index], self.openings[index], self.tree.inclusion_proof(index, size)

    def proof(self, later=(3, 5), *, of=0, size=7, openings=None, extra=None):
        told = None if later is None else [self.event(index, size) for index in later]
        shown = self.openings[of] if openings is None else openings
        data = proof.extra(self.leaves[of], shown, told) if extra is None else extra
        signed = note.checkpoint(self.signer, size, self.tree.root(size))
        return proof.write(of, self.tree.inclusion_proof(of, size), data, signed)

    def told(self, change):
        """The proof with its extra data changed."""
        extra = json.loads(proof.extra(self.leaves[0], self.openings[0], [self.event(3), self.event(5)]))
        change(extra["later"])
        return self.proof(extra=canonical.dumps(extra))


@pytest.fixture(scope="module")
def decisions(signer):
    return Decisions(signer)


def test_a_proof_of_a_decision_says_what_came_later_and_the_state_as_of_its_size(decisions):
    vkey = decisions.signer.vkey
    states = {
        size: proof.check_decision(decisions.proof(later, size=size), vkey)
        for size, later in ((1, ()), (4, (3,)), (7, (3, 5)))
    }
    assert {size: said["state"] for size, said in states.items()} == {1: "in_force", 4: "in_force", 7: "revoked"}
    assert [event["kind"] for event in states[7]["later"]] == ["decision:paper_rendered", "decision:revoked"]
    assert [event["openings"] for event in states[7]["later"]] == [decisions.openings[3], decisions.openings[5]]
    assert len(script.verify(decisions.proof(), vkey)[4]) == 2


def test_a_proof_of_before_stays_good_and_says_nothing_of_what_came_later(decisions):
    said = proof.check_decision(decisions.proof(None), decisions.signer.vkey)
    assert (said["state"], said["later"]) == (None, None)
    assert script.verify(decisions.proof(None), decisions.signer.vkey)[4] is None


def test_a_later_event_that_does_not_hold_is_refused_by_both(decisions):
    vkey = decisions.signer.vkey
    other = note.checkpoint(decisions.signer, 7, decisions.tree.root())
    assert other in decisions.proof()
    texts = {
        "of another decision": decisions.proof((3, 4)),
        "of another source": decisions.proof((2, 5)),
        "the decision itself": decisions.proof((0,)),
        "in another order": decisions.proof((5, 3)),
        "told twice": decisions.proof((3, 3)),
        "in another tree": decisions.told(lambda later: later[1].update(path=later[0]["path"])),
        "altered": decisions.told(lambda later: later[1]["entry"].update(subject="1-2025")),
        "with another value": decisions.told(lambda later: later[1]["openings"][0].update(value="in_force")),
        "with more": decisions.told(lambda later: later[1].update(note="x")),
        "with a path of numbers": decisions.told(lambda later: later[1].update(path=[1])),
        "with a path of text": decisions.told(lambda later: later[1].update(path="x")),
        "that is a text": decisions.told(lambda later: later.append("x")),
    }
    assert {name: refused(text, vkey) for name, text in texts.items()} == {
        "of another decision": "later",
        "of another source": "later",
        "the decision itself": "later",
        "in another order": "later",
        "told twice": "later",
        "in another tree": "inclusion",
        "altered": "later",
        "with another value": "opening",
        "with more": "later",
        "with a path of numbers": "later",
        "with a path of text": "later",
        "that is a text": "later",
    }
    none = json.loads(proof.extra(decisions.leaves[0], decisions.openings[0]))
    assert refused(decisions.proof(extra=canonical.dumps(none | {"later": {}})), vkey) == "extra"


@pytest.mark.parametrize(
    ("made", "part"),
    [
        (lambda log: log.proof((), openings=[]), "decision"),
        (lambda log: log.proof((), openings=log.openings[0][1:]), "decision"),
        (lambda log: log.proof((), of=5), "decision"),
        (lambda log: log.proof((), of=6), "decision"),
    ],
    ids=["nothing opened", "not said which", "a later entry", "a nomination's entry"],
)
def test_what_is_no_proof_of_a_decision_is_refused_as_one(decisions, tmp_path, made, part):
    text, vkey = made(decisions), decisions.signer.vkey
    assert proof.check(text, vkey)["index"] in {0, 5, 6}
    with pytest.raises(unproven.Unproven) as caught:
        proof.check_decision(text, vkey)
    assert caught.value.part == part
    code, lines, errors = run_script(tmp_path, text, vkey)
    assert (code, lines[0].startswith("KHÔNG ĐÚNG: "), errors) == (1, True, b"")
    assert run_script(tmp_path, text, vkey, "--entry")[0] == 0


def test_the_script_says_which_decision_and_how_it_stands(decisions, tmp_path):
    code, lines, errors = run_script(tmp_path, decisions.proof(), decisions.signer.vkey)
    assert (code, errors) == (0, b"")
    assert lines[0] == 'ĐÚNG: quyết định "1-2024" nằm trong sổ cái đã ký; các giá trị công khai là thật.'
    assert [line for line in lines if "ĐÃ BỊ HỦY BỎ" in line] == [
        "  Tình trạng khi sổ cái có 7 bản ghi / state when the log had 7 entries: ĐÃ BỊ HỦY BỎ / REVOKED"
    ]
    assert "decision:revoked" in "\n".join(lines)
    _, lines, _ = run_script(tmp_path, decisions.proof(None), decisions.signer.vkey)
    assert any("không nói gì về những việc sau khi ký" in line for line in lines)


def test_an_event_that_was_left_out_is_found_with_the_whole_log(decisions, tmp_path):
    """No proof shows that something is absent: the export of the log does."""
    vkey, out = decisions.signer.vkey, tmp_path / "log"
    tiles.export(out, decisions.leaves, note.checkpoint(decisions.signer, 7, decisions.tree.root()), vkey, [])
    assert run_script(tmp_path, decisions.proof(()), vkey)[0] == 0  # it claims that nothing came later
    code, lines, _ = run_script(tmp_path, decisions.proof(()), vkey, "--log", "log")
    assert (code, lines[0]) == (1, "KHÔNG ĐÚNG: Bằng chứng bỏ sót việc về sau của quyết định.")
    code, lines, _ = run_script(tmp_path, decisions.proof((3,), size=4), vkey, "--log", "log")
    assert (code, lines[-1].split(",")[-1]) == (0, " decision:revoked")
    assert run_script(tmp_path, decisions.proof(), vkey, "--log", "log")[0] == 0
    bundle = next(out.glob("tile/entries/*.p/*"))
    bundle.chmod(0o644)
    bundle.write_bytes(bundle.read_bytes().replace(b"decision:revoked", b"decision:revokeX"))
    assert run_script(tmp_path, decisions.proof(), vkey, "--log", "log")[0] == 1


# Two readers of one format ------------------------------------------------------------------------------------------


def judged(text, vkey):
    """Does the package take it, does the script? Nothing but their own refusal may come out of either."""
    answers = []
    for check, refusal in ((proof.verify, unproven.Unproven), (script.verify, script.NotProven)):
        try:
            check(text, vkey)
            answers.append(True)
        except refusal:
            answers.append(False)
    return answers


HOSTILE = st.sampled_from(
    [
        "t",
        "z",
        "Z",
        "+",
        " ",
        "\t",
        "\r",
        "\x00",
        "é",
        "０",
        "٣",
        "\ud800",
        "—",
        "-",
        ".",
        "0",
        "9",
        '"',
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "=",
        "/",
        "_",
        "\n",
    ]
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def bent(draw, log):
    """A proof bent in one of many ways: its text, its JSON, its time, its key, the number of its signatures, its depth."""
    extra = json.loads(proof.extra(log.leaves[0], log.openings[0], [log.event(3), log.event(5)]))
    way = draw(st.sampled_from(["text", "json", "at", "key", "deep", "signatures", "checkpoint"]))
    text, vkey = log.proof(), log.signer.vkey
    if way == "text":
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(HOSTILE) + text[at + draw(st.integers(0, 2)) :]
    elif way == "json":
        where = draw(st.sampled_from(["entry", "openings", "later", "event", "opening", "commitments"]))
        place = {
            "entry": extra["entry"], "openings": extra, "later": extra, "event": extra["later"][0],
            "opening": extra["openings"][0], "commitments": extra["entry"]["commitments"],
        }[where]  # fmt: skip
        key = draw(st.sampled_from([*place]))
        place[key] = draw(JUNK)
        text = log.proof(
            extra=json.dumps(extra, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
                "utf-8", "surrogatepass"
            )
        )
    elif way == "at":
        said = extra["entry"]["at"]
        at = draw(st.integers(0, len(said)))
        extra["entry"]["at"] = said[:at] + draw(HOSTILE) + said[at + draw(st.integers(0, 2)) :]
        text = log.proof(
            extra=json.dumps(extra, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
                "utf-8", "surrogatepass"
            )
        )
    elif way == "key":
        at = draw(st.integers(0, len(vkey)))
        vkey = vkey[:at] + draw(HOSTILE) + vkey[at + draw(st.integers(0, 2)) :]
    elif way == "deep":
        depth = draw(st.integers(20, 40) | st.sampled_from([500, 5000, 100_000]))
        inner = b"[" * depth + b"]" * depth
        text = log.proof(extra=b'{"entry":%s,"openings":[]}' % inner)
    elif way == "signatures":
        text += f"— x {b64encode(bytes(5)).decode()}\n" * draw(st.integers(95, 105))
    else:
        body = draw(
            st.sampled_from(
                ["{o}\n07\n{r}\n", "{o}\n7\n{r}\n\n", "{o}\n7\n{r}=\n", "x\n7\n{r}\n", "{o}\n7\n", "{o}\n٧\n{r}\n"]
            )
        )
        root = b64encode(log.tree.root()).decode()
        signed = log.signer.sign(body.format(o=log.signer.origin, r=root))
        text = text.split("\n\n")[0] + "\n\n" + signed
    return text, vkey


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_both_readers_agree_on_everything(decisions, data):
    text, vkey = data.draw(bent(decisions))
    package, standalone = judged(text, vkey)
    assert package == standalone


@pytest.mark.parametrize(
    ("bend", "good"),
    [
        (lambda at: at.replace("T", "t"), False),
        (lambda at: at.replace("Z", "z"), False),
        (lambda at: at[:-1] + "0Z", False),
        (lambda at: at.replace("01:00:00", "01:00:60"), False),
        (lambda at: at.replace("2024", "0000"), False),
        (lambda at: at, True),
    ],
)
def test_both_readers_take_one_spelling_of_a_time(signer, bend, good):
    """A leaf of that spelling signed by the log itself: what its writer would never write, neither reader takes."""
    commitments, opened = commitment.commit_fields({"about": "x"})
    told = json.loads(entry.encode(0, datetime(2024, 12, 20, 1, tzinfo=UTC), "decision:signed", "1-2024", commitments))
    told["at"] = bend(told["at"])
    leaf = canonical.dumps(told)
    openings = [{"field": "about", "salt": opened["about"][0], "value": "x"}]
    signed = note.checkpoint(signer, 1, merkle.leaf_hash(leaf))
    text = proof.write(0, [], canonical.dumps({"entry": told, "openings": openings}), signed)
    assert judged(text, signer.vkey) == [good, good]


def test_both_readers_stop_at_the_same_size_and_number_of_signatures(decisions):
    vkey, text = decisions.signer.vkey, decisions.proof()
    witness = b64encode(bytes(5)).decode()
    signatures = [text + f"— w {witness}\n" * count for count in (99, 100)]
    room = proof.LARGEST - len(text) - len(f"—  {witness}\n")
    sizes = [text + f"— {'w' * more} {witness}\n" for more in (room, room + 1)]
    assert [judged(one, vkey) for one in (*signatures, *sizes)] == [[True, True], [False, False]] * 2
