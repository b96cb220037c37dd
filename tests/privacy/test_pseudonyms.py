"""Pseudonyms: keyed, constant in form, separate by field, movable, and silent about their key."""

import copy
import hashlib
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard.errors import UsageError
from blended_standard.privacy import KeyChange, PseudonymKey, rotate

SECRET = bytes(range(32))
KEY = PseudonymKey("k1", SECRET)
NEW = PseudonymKey("k2", bytes(range(32, 64)))
AT = {"table": "learner", "field": "learner_id"}


def test_the_value_is_hmac_sha_256_of_the_length_prefixed_parts():
    parts = [b"learner", b"learner_id", b"4711"]
    message = b"blended-standard/1" + b"".join(len(p).to_bytes(8, "big") + p for p in parts)
    digest = hmac.new(SECRET, message, hashlib.sha256).digest()[:20]
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    bits = "".join(f"{byte:08b}" for byte in digest)
    assert KEY.pseudonym("4711", **AT) == "k1-" + "".join(alphabet[int(bits[i : i + 5], 2)] for i in range(0, 160, 5))


@given(st.text(min_size=1))
def test_the_form_is_constant_and_shows_nothing(identifier):
    made = KEY.pseudonym(identifier, **AT)
    assert len(made) == 35
    assert made.startswith("k1-")
    assert set(made[3:]) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert made == KEY.pseudonym(identifier, **AT)
    assert made[3:] != NEW.pseudonym(identifier, **AT)[3:]


def test_fields_and_tables_do_not_join():
    made = {
        KEY.pseudonym("7", table=table, field=field)
        for table, field in (("a", "bc"), ("ab", "c"), ("a", "b"), ("abc", "7"))
    }
    assert len(made) == 4
    assert KEY.pseudonym("7", **AT) != KEY.pseudonym(" 7", **AT)


def test_the_key_is_never_printed_or_stored():
    for text in (repr(KEY), str(KEY), f"{KEY}", f"{[KEY]}"):
        assert text.strip("[]") == "PseudonymKey(key_id='k1')"
    for call in (lambda: pickle.dumps(KEY), lambda: copy.deepcopy(KEY), lambda: copy.copy(KEY)):
        with pytest.raises(UsageError):
            call()


def test_rotation_keeps_people_and_not_their_identifiers():
    identifiers = ["secret-anna", "secret-ben", "secret-carl"]
    change = rotate(KEY, NEW, identifiers, **AT)
    old = KEY.pseudonyms([*identifiers, None], **AT)
    assert change.apply(old) == NEW.pseudonyms([*identifiers, None], **AT)
    assert change.apply(change.apply(old)) == change.apply(old)
    assert rotate(KEY, NEW, reversed(identifiers), **AT) == change
    assert KeyChange.from_dict(change.to_dict()) == change
    everything = repr(change) + str(change) + str(change.to_dict()) + str(pickle.dumps(change))
    assert "secret" not in everything
    assert SECRET.hex() not in everything
    assert [row["new"] for row in change.rows()] == sorted(change.mapping.values())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: PseudonymKey("k1", b"short"), "too short or too regular"),
        (lambda: PseudonymKey("k1", b"a" * 64), "too short or too regular"),
        (lambda: PseudonymKey("k1", "text" * 20), "secret is not bytes"),
        (lambda: PseudonymKey("Key 1", SECRET), "key_id is not"),
        (lambda: KEY.pseudonym("", **AT), "identifier is empty"),
        (lambda: KEY.pseudonym(4711, **AT), "not text"),
        (lambda: KEY.pseudonym("7", table="", field="x"), "table and field are empty"),
        (lambda: rotate(KEY, KEY, [], **AT), "Both keys have key_id='k1'"),
        (lambda: rotate(KEY, NEW, ["7"], **AT).apply(["k1-unknown"]), "not among the 1"),
    ],
)
def test_misuse_is_explained_without_the_secret(call, says):
    with pytest.raises(UsageError) as raised:
        call()
    assert says in str(raised.value)
    assert "short'" not in str(raised.value)
    assert "4711" not in str(raised.value)
