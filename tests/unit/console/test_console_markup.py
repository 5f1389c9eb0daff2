from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.markup import SmallMarkup, linked, safe_url
from channels.rendering.markup import parse

rich = SmallMarkup(parse)


def test_plain_words_keep_their_marks_and_only_web_addresses_can_be_followed() -> None:
    assert linked("a <b> & **c**") == "a &lt;b&gt; &amp; **c**"
    shown = linked("See https://shop.example/a?b=1&c=2. Or (http://x.example)!")
    assert 'href="https://shop.example/a?b=1&amp;c=2"' in shown
    assert '">http://x.example</a>)!' in shown
    assert shown.count("noopener noreferrer nofollow") == 2
    assert "<a" not in linked("javascript:alert(1) //x.example www.x.example")


def test_the_small_markup_becomes_elements_and_html_stays_words() -> None:
    assert rich("**Hi** *you* `x<y`") == (
        "<p><strong>Hi</strong> <em>you</em> <code>x&lt;y</code></p>"
    )
    shown = rich("Choose:\n\n1. one\n2. <i>two</i>\n\nDone")
    assert shown.count("<li") == 2
    assert shown.count("<ul") == 1
    assert "&lt;i&gt;two&lt;/i&gt;" in shown
    assert '<span class="bullet">2.</span>' in shown
    assert "<pre><code>a &lt; b</code></pre>" in rich("```\na < b\n```")
    assert 'href="https://x.example"' in rich("[here](https://x.example)")
    assert "<a" not in rich("[here](javascript:alert(1))")


@given(st.text(alphabet=st.sampled_from("<>&\"'`*[]()/:=-_ \n1.abehjpstx;"), max_size=80))
def test_nothing_written_becomes_an_element_of_its_own(text: str) -> None:
    allowed = ("p", "strong", "em", "code", "pre", "ul", "li", "span", "a")
    for html in (str(linked(text)), str(rich(text))):
        for opened in html.split("<")[1:]:
            name = opened.lstrip("/").split(">")[0].split(" ")[0]
            assert name in allowed, html


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://shop.example", True),
        ("HTTP://shop.example", True),
        ("mailto:a@b.example", True),
        ("tel:+4712345678", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("https://", False),
        ("", False),
        (None, False),
    ],
)
def test_where_a_link_may_lead(url: str | None, safe: bool) -> None:
    assert safe_url(url) is safe
