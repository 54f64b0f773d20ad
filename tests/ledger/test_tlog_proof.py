"""The proof of one entry, checked by the package and by docs/verify.py, which shares no code with it."""

import importlib.util
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import canonical, commitment, merkle, note, proof, unproven

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
        expected = {"index": index, "size": size, "origin": signer.origin, "openings": log.openings}

        assert proof.check(text, signer.vkey) == expected
        assert script.verify(text, signer.vkey) == (json.loads(log.leaves[index]), log.openings, signer.origin, size)


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


def run_script(folder, text, vkey):
    (folder / "decision.tlog-proof").write_bytes(text.encode())
    (folder / "vkey").write_text(vkey + "\n")
    # -I: neither the project nor anything else of this process is on its path.
    ran = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "decision.tlog-proof", "--vkey", "vkey"],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stdout.decode().splitlines(), ran.stderr


def test_the_script_proves_on_its_own(tmp_path, log):
    assert run_script(tmp_path, log.proof(log.openings[:2]), log.signer.vkey) == (
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
