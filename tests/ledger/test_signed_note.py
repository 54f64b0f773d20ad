from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle, note, unproven

# The key and note of golang.org/x/mod/sumdb/note's own tests.
GO_KEY = b"PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT + "\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of the specification (C2SP signed-note).
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
ROOT = merkle.leaf_hash(b"x")
ALIEN = "— witness.example AAAAAAAA\n"


def refused(note_text, vkey):
    with pytest.raises(unproven.Unproven) as caught:
        note.open_checkpoint(note_text, vkey)
    return caught.value.part


def test_signs_as_go_signs():
    signer = note.load(GO_KEY)

    assert (signer.origin, signer.vkey, signer.sign(GO_TEXT)) == ("PeterNeumann", GO_VKEY, GO_NOTE)


def test_opens_the_note_of_the_specification():
    assert note.open_note(SPEC_NOTE, SPEC_VKEY) == "This is an example message.\n"


def test_a_fresh_key_signs_what_its_vkey_opens():
    content = note.generate("tỉnh.example/sổ-cái")
    signer = note.load(content)

    assert note.open_checkpoint(note.checkpoint(signer, 3, ROOT), signer.vkey) == note.Checkpoint(
        "tỉnh.example/sổ-cái", 3, ROOT
    )
    assert note.generate("a") != note.generate("a")


def test_a_checkpoint_has_three_lines_and_one_signature(signer):
    text, signature = note.checkpoint(signer, 3, ROOT).split("\n\n")

    assert text == f"{signer.origin}\n3\n{b64encode(ROOT).decode()}"
    assert [line.rpartition(" ")[0] for line in signature.split("\n")] == [f"— {signer.origin}", ""]


def test_the_key_shows_nowhere(signer):
    assert repr(signer) == f"Signer({signer.vkey!r})"
    for content in (GO_KEY[:-6], GO_KEY.replace(b"c74f20a3", b"c74f20a4"), GO_KEY + b"\n", b"", b"\xff", GO_KEY[8:]):
        with pytest.raises(ValueError) as caught:
            note.load(content)
        assert "AYEKFALV" not in str(caught.value) + repr(caught.value.__cause__)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\x01b"])
def test_a_key_name_is_one_word(origin):
    with pytest.raises(ValueError):
        note.generate(origin)


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "\x00\n", "\ud800\n"])
def test_signs_only_what_may_be_noted(signer, text):
    with pytest.raises(ValueError):
        signer.sign(text)


@pytest.mark.parametrize(("size", "root"), [(-1, ROOT), (0, ROOT[1:])])
def test_makes_only_a_checkpoint(signer, size, root):
    with pytest.raises(ValueError):
        note.checkpoint(signer, size, root)


def test_signatures_of_others_are_ignored(signer):
    signed = note.checkpoint(signer, 3, ROOT)
    other = note.Signer(signer.origin, bytes(32))  # the same name under another key
    extra = note.checkpoint(other, 3, ROOT).split("\n\n")[1]
    text, own = signed.split("\n\n")

    assert note.open_checkpoint(signed + ALIEN, signer.vkey) == note.open_checkpoint(signed, signer.vkey)
    assert note.open_checkpoint(f"{text}\n\n{ALIEN}{extra}{own}", signer.vkey).size == 3
    assert note.open_checkpoint(signed + ALIEN * 99, signer.vkey).size == 3
    assert refused(signed + ALIEN * 100, signer.vkey) == "format"


def test_one_false_signature_of_the_known_key_refuses_the_note(signer):
    signed = note.checkpoint(signer, 3, ROOT)
    of_another = note.checkpoint(signer, 4, ROOT).split("\n\n")[1]

    assert refused(signed + of_another, signer.vkey) == "signature"


def test_every_altered_byte_is_refused(signer):
    signed = note.checkpoint(signer, 70_000, ROOT).encode()
    passed = []
    for at in range(len(signed)):
        for bit in (1, 2, 0x20):
            altered = signed[:at] + bytes([signed[at] ^ bit]) + signed[at + 1 :]
            try:
                passed.append(note.open_checkpoint(altered.decode(), signer.vkey))
            except (unproven.Unproven, UnicodeDecodeError):
                continue

    assert passed == []


def test_a_signature_is_spelled_one_way(signer):
    signed = note.checkpoint(signer, 3, ROOT)
    # 68 bytes leave two spare bits in the last sign before the padding.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    others = [signed[:-3] + sign + signed[-2:] for sign in alphabet if sign != signed[-3]]

    assert [refused(other, signer.vkey) in {"format", "signature"} for other in others] == [True] * 63
    assert refused(signed + ALIEN.replace("AAAAAAAA", "AAAAAAB="), signer.vkey) == "format"
    assert refused(signed + ALIEN.replace("witness", "wit\tness"), signer.vkey) == "format"


@given(st.text(alphabet="— \n\n=Ab0+/é\x00\ud800", max_size=60))
def test_no_text_opens_by_chance(text):
    assert refused(text, GO_VKEY) in {"format", "signature"}
    assert refused("a\n\n— " + text, GO_VKEY) in {"format", "signature"}


@pytest.mark.parametrize(
    "body",
    [
        "{origin}\n3\n{root}\nextension\n",
        "{origin}\n3\n",
        "other.example\n3\n{root}\n",
        "{origin}\n03\n{root}\n",
        "{origin}\n-3\n{root}\n",
        "{origin}\n\u0663\n{root}\n",
        "{origin}\n3\nAAAA\n",
        "{origin}\n3\n!\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(signer, body):
    text = body.format(origin=signer.origin, root="A" * 43 + "=")

    assert refused(signer.sign(text), signer.vkey) == "checkpoint"


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a+b",
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("Peter", "Petra"),
        GO_VKEY[:-4],
        GO_VKEY[:-1] + "X",
        GO_VKEY.replace("+ARpc", "+BBpc"),
        "PeterNeumann+C74F20A3+" + GO_VKEY.split("+", 2)[2],
    ],
)
def test_a_false_vkey_is_refused(vkey):
    assert refused(GO_NOTE, vkey) == "vkey"


def test_a_vkey_may_end_in_a_newline(signer):
    assert note.open_checkpoint(note.checkpoint(signer, 3, ROOT), signer.vkey + "\n").size == 3
