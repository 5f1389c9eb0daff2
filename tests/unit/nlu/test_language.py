"""The language of short texts: what customers type, word by word."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.language import LANGUAGE, MAX_CHARACTERS, LanguageIdentifier, identify_language
from bot.nlu.language_words import ENGLISH_WORDS, NORWEGIAN_WORDS

ENGLISH = """
    hi
    hello there
    Thanks!
    thank you so much
    bye
    Where is my order?
    where's my stuff
    WHERE IS MY PARCEL
    where’s my package
    what time do you close
    opening hours
    are you open on Saturday
    I'd like to speak to a real person
    human please
    refund please
    i want my money back
    how much is shipping
    gift card
    warranty
    invoice copy
    my order number is 10042
    it's 10042
    order 10042 postcode 0150
    do you deliver to Tromsø
    is the shop in Bodø open today
    Do you accept Vipps?
    I live in Ålesund
    can you speak Norwegian
    never mind
    forget it
    start again
    who are you
    tell me a joke
    the lamp arrived broken
    cancel my order
    somebody help me
    you people are unbelievable
""".strip().splitlines()

NORWEGIAN = """
    hei
    Heisann
    hallo
    takk
    tusen takk
    ha det bra
    Hvor er pakken min?
    hvor blir det av pakka
    kor e pakka mi
    ka tid åpne dokker
    æ vil bytte
    eg vil snakke med eit menneske
    HVOR ER BESTILLINGEN MIN
    når stenger dere
    åpningstider
    Åpningstider
    har dere åpent på lørdag
    returrett
    faktura
    gavekort
    ordre 10042 postnr 0150
    det er 10042
    Ordrenummeret er 10043
    jeg vil ha pengene tilbake
    kan du snakke engelsk
    snakk norsk
    glem det
    ja
    nei takk
    jada
    hjelp
    menneske
    begynn på nytt
    hvem er du
    kjøpte en lampe i går, den er knust
    dere svarer jo aldri
    kan jeg få refund på denne
    trackingnummeret virker ikke
    jeg bor i London og vil ha pakken hit
""".strip().splitlines()

UNSURE = """
    10042
    #10042
    NH-10042
    0150
    0150 Oslo
    Oslo
    Ola Nordmann
    Anne Hansen
    Trondheim
    Smith
    ok
    OK
    chat
    stop
    no
    yes
    :)
    👍
    ?
    xx
    kari.nordmann@example.com
    https://example.com/where/is/my/order
    /order_status
    /inform{"order_number":"10042"}
     /talk_to_human
""".strip("\n").splitlines()


@pytest.mark.parametrize("text", [line.strip() for line in ENGLISH])
def test_english(text: str) -> None:
    assert identify_language(text) == "en"


@pytest.mark.parametrize("text", [line.strip() for line in NORWEGIAN])
def test_norwegian(text: str) -> None:
    assert identify_language(text) == "nb"


@pytest.mark.parametrize("text", [line[4:] for line in UNSURE] + ["", " ", "\n"])
def test_unsure(text: str) -> None:
    assert identify_language(text) is None


def test_no_word_is_in_both_lists() -> None:
    assert not ENGLISH_WORDS & NORWEGIAN_WORDS


def test_words_are_written_as_they_are_looked_up() -> None:
    words = ENGLISH_WORDS | NORWEGIAN_WORDS
    assert all(word == word.lower() and "’" not in word for word in words)


# No deadline: the first text loads the detector.
@settings(deadline=None)
@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert identify_language(text) in {"en", "nb", None}


@given(st.from_regex(r"/[a-z_]+(\{[^}]*\})?", fullmatch=True))
def test_a_payload_never_says_a_language(payload: str) -> None:
    assert identify_language(payload) is None


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    beginning = "0 " * (MAX_CHARACTERS // 2)
    assert identify_language(beginning + "where is my order") is None


def test_threads_share_one_detector() -> None:
    # No listed word, so that every thread needs the statistical detector.
    text = "blomsterpotteskjuleren vaklet skjelvende"
    answers: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: answers.append(identify_language(text))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["nb"] * 8


def _identifier(folder: Path) -> LanguageIdentifier:
    return LanguageIdentifier.create(
        LanguageIdentifier.get_default_config(),
        LocalModelStorage(folder),
        Resource("language"),
        ExecutionContext(GraphSchema({})),
    )


def test_component_puts_the_language_into_parse_output(tmp_path: Path) -> None:
    messages = [Message.build(text) for text in ("Hvor er pakken min?", "where is it", "10042")]
    parsed = _identifier(tmp_path).process(messages)
    output = [message.as_dict(only_output_properties=True).get(LANGUAGE) for message in parsed]
    assert output == ["nb", "en", None]


def test_component_takes_a_message_without_text(tmp_path: Path) -> None:
    (message,) = _identifier(tmp_path).process([Message(data={})])
    assert message.get(LANGUAGE) is None
