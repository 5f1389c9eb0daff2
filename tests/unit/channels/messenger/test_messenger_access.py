from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidMessage
from channels.messenger.access import challenge, check_signature, secret_proof, sign
from channels.messenger.profile import FIELDS, PARTS, missing_fields, profile, profile_gaps

QUERY = {"hub.mode": "subscribe", "hub.verify_token": "word", "hub.challenge": "1158201444"}


def test_the_signature_is_the_platforms() -> None:
    # RFC 4231, test case 2.
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign(b"what do ya want for nothing?", "Jefe") == f"sha256={known}"
    check_signature(b"what do ya want for nothing?", f"sha256={known}", "Jefe")
    assert secret_proof("what do ya want for nothing?", "Jefe") == known


@given(st.binary(max_size=99), st.text(max_size=80), st.text(min_size=1, max_size=40))
def test_no_other_signature_is_taken(body: bytes, signature: str, secret: str) -> None:
    if signature == sign(body, secret):
        return
    with pytest.raises(InvalidMessage) as raised:
        check_signature(body, signature, secret)
    assert raised.value.status == 403


@given(st.dictionaries(st.sampled_from(sorted(QUERY)), st.text(max_size=20) | st.just("word")))
def test_a_challenge_is_answered_to_who_knows_the_word(query: dict[str, str]) -> None:
    try:
        answer = challenge(query, "word")
    except InvalidMessage:
        return
    assert query["hub.verify_token"] == "word"
    assert answer == query["hub.challenge"]
    assert answer.isascii()


def test_the_handshake() -> None:
    assert challenge(QUERY, "word") == "1158201444"


def test_what_an_answer_about_the_page_leaves_out() -> None:
    assert missing_fields({"data": []}) == list(FIELDS)
    apps = [{"subscribed_fields": list(FIELDS[:3])}, {"subscribed_fields": list(FIELDS[3:])}, 7]
    assert missing_fields({"data": apps}) == []
    assert missing_fields({"data": "none"}) == list(FIELDS)
    assert profile_gaps({"data": []}) == list(PARTS)
    assert profile_gaps({"data": [profile()]}) == []
    assert profile_gaps({}) == list(PARTS)
