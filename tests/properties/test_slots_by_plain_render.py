"""Random templates with nasty values: in pieces they say, sign by sign, what they say plainly."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.letter import LetterTexts, render
from lifecycle.render.links import LinkSigner, Signer
from lifecycle.render.problems import BrokenTemplate
from tests.render.plain_letter import plain_letter

SIGNER = Signer([b"a key of the tests, no secret"])
WAYS = (
    SIGNER.for_message("https://m.example", "0f" * 16),
    SIGNER.for_message("https://m.example", "0f" * 16, mode="off"),
    SIGNER.for_message("https://m.example", "0f" * 16, mode="aggregate", counted_id="0a" * 16),
    None,
)
TARGETS = ("https://a.example/?x=1&y=2", "https://b.example")
SIGNS = "ab <>&\"'\n\n\n\t \r\u00a0\u2028\x0b\x1cé漢😀\ue00f{}%#"
values = st.one_of(
    st.text(SIGNS, max_size=8),
    st.integers(-5, 99),
    st.floats(-9, 9, width=16),
    st.sampled_from([None, True, "https://c.example/?q=1&r=2"]),
)
contexts = st.fixed_dictionaries(
    {
        "a": values,
        "b": values,
        "m": st.dictionaries(st.sampled_from("xy"), values, max_size=2),
        "items": st.lists(values, max_size=3),
    }
)
NAMES = (
    *("a", "b", "m.x", "m.y | default('-')", "items | length", "subject", "preheader", "a ~ b"),
    *("_links[0]", "_links[1]", "_links[2]", "_pixel", "unsubscribe_url", "view_url", "1", "v"),
    *("items | join(', ')", "a if b else 'c'", "loop.index | default(0)", "b | upper", "none"),
)
text = st.text("ab \n\n\t<&é\u00a0😀\x1c", max_size=6)
trim = st.sampled_from(["", "", "", "-"])
Sources = st.SearchStrategy[str]


@st.composite
def printed(draw: st.DrawFn) -> str:
    left, name, right = draw(trim), draw(st.sampled_from(NAMES)), draw(trim)
    return f"{{{{{left} {name} {right}}}}}"


SET = ("{% set v = a %}", "{% set a = b %}", "{% set view_url = b %}", "{% set v = items %}")
leaves = st.one_of(text, text, printed(), printed(), st.sampled_from(SET))


@st.composite
def block(draw: st.DrawFn, inner: Sources) -> str:
    body, other = draw(inner), draw(inner)
    dash, end = draw(trim), draw(trim)
    forms = (
        f"{{%{dash} if a {end}%}}{body}{{% else %}}{other}{{%{dash} endif {end}%}}",
        f"{{%{dash} for i in items {end}%}}{body}{{{{ i }}}}{{% else %}}{other}{{% endfor {end}%}}",
        f"{{% for v in range(3) %}}{body}{{%{dash} endfor %}}",
        f"{{% set v {end}%}}{body}{{% endset %}}{other}",
        f"{{% macro m(v) {end}%}}{body}{{% endmacro %}}{{{{ m(a) }}}}{other}{{{{ m('<') }}}}",
        f"{{% with b = a %}}{body}{{% endwith {end}%}}",
        f"{{% filter _link %}}{body}{{% endfilter %}}",
        f"{{% filter upper %}}{body}{{% endfilter {end}%}}",
        f"{{% if _pixel %}}{body}{{% endif %}}",
        f"{{% autoescape false %}}{body}{{% endautoescape %}}{other}",
        f"{{% raw {end}%}}{{{{ a }}}} {{% endraw %}}",
    )
    return draw(st.sampled_from(forms))


parts = st.recursive(
    st.lists(leaves, max_size=4).map("".join),
    lambda inner: st.lists(st.one_of(leaves, block(inner)), max_size=4).map("".join),
    max_leaves=12,
)


@settings(max_examples=100)
@given(html=parts, plain=parts, context=contexts, links=st.sampled_from(WAYS))
def test_a_random_template_in_pieces_says_what_it_says_plainly(
    html: str, plain: str, context: dict[str, Any], links: LinkSigner | None
) -> None:
    template = CompiledTemplate("t", "v", html, plain, TARGETS, (), ())
    wanted = None
    with suppress(Exception):
        wanted = plain_letter(template, "Hello", "", context, links)
    try:
        letter = render(template, LetterTexts("Hello"), context, links)
    except BrokenTemplate:
        assert wanted is None
        return
    assert (letter.html, letter.text) == wanted
    assert letter.pieces is not None
    for said, statics, slots in (
        (letter.html, letter.pieces.shape.html, letter.pieces.html),
        (letter.text, letter.pieces.shape.text, letter.pieces.text),
    ):
        assert len(statics) == len(slots) + 1
        assert said == "".join(a + b for a, b in zip(statics, (*slots, ""), strict=True))
        assert all(type(value) is str for value in slots)
