"""The layout of letters written as text, for a shop that has none of its own."""

from __future__ import annotations

from lifecycle.core.facts import language_of

_STYLE = (
    ":root { color-scheme: light dark; supported-color-schemes: light dark; }"
    " @media (prefers-color-scheme: dark) {"
    " body, body > div, .sheet, .sheet > table {"
    " background: #15181a !important; background-color: #15181a !important; }"
    " .ink, .ink div, .ink td { color: #eceff0 !important; }"
    " .soft, .soft div, .soft a { color: #a0a9af !important; }"
    " .text-link { color: #9cc4ff !important; }"
    " .button > table td, .button > table a { background: #9cc4ff !important;"
    " background-color: #9cc4ff !important; color: #10161d !important; }"
    " .rule p { border-top-color: #3a4247 !important; } }"
)
WAYS_OUT = {
    "en": "Unsubscribe",
    "de": "Abmelden",
    "fr": "Se désabonner",
    "es": "Darse de baja",
    "it": "Annulla l’iscrizione",
    "nl": "Uitschrijven",
    "pt": "Cancelar a subscrição",
    "pl": "Wypisz się",
    "sv": "Avsluta prenumerationen",
    "da": "Afmeld",
}
"""The word for the way out, by language; English where a language is not here."""
OTHERWISE = "en"
CONTENT = "{% block content %}{% endblock %}"
_LAYOUT = (
    '<mjml lang="LANGUAGE"><mj-head><mj-title>{{ subject }}</mj-title>'
    "<mj-preview>{{ preheader }}</mj-preview><mj-raw>"
    '<meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark"></mj-raw><mj-attributes>'
    "<mj-all font-family=\"-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\" />"
    '<mj-section padding="0 24px" /><mj-column padding="0" />'
    '<mj-text font-size="16px" line-height="26px" color="#1d2327" padding="0 0 18px"'
    ' css-class="ink" />'
    '<mj-button background-color="#1f4b99" color="#ffffff" font-size="16px" font-weight="600"'
    ' inner-padding="13px 28px" border-radius="6px" padding="6px 0 22px" align="left"'
    ' css-class="button" />'
    '<mj-divider border-width="1px" border-color="#d8dcdf" padding="4px 0 22px"'
    ' css-class="rule" /></mj-attributes>'
    '<mj-style inline="inline">.text-link { color: #1f4b99; text-decoration: underline; }'
    f" .way-out {{ color: #687078; }}</mj-style><mj-style>{_STYLE}</mj-style></mj-head>"
    '<mj-body width="600px" background-color="#ffffff" css-class="sheet">'
    '<mj-section padding="28px 24px 0"><mj-column>'
    '<mj-text font-size="18px" font-weight="700">{{ shop.name }}</mj-text>'
    f"</mj-column></mj-section>{CONTENT}"
    '<mj-section padding="8px 24px 32px"><mj-column><mj-divider />'
    '<mj-text font-size="12px" line-height="19px" color="#687078" css-class="soft">'
    "{{ shop.name }}, {{ shop.address }}<br>"
    '<a class="way-out" href="{{ unsubscribe_url }}">WAY_OUT</a></mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
)
"""MJML on one line, so that the lines of the text that fills it stay the text's own."""


def plain_layout(locale: str | None) -> str:
    """The layout for letters in the language of `locale`; `CONTENT` stands where the text goes."""
    language = (language_of(locale) or OTHERWISE).lower()
    word = WAYS_OUT.get(language, WAYS_OUT[OTHERWISE])
    said = language if language.isalpha() else OTHERWISE
    return _LAYOUT.replace("LANGUAGE", said).replace("WAY_OUT", word)
