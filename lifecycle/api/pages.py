"""The look of our own pages: small, self-contained, light or dark as the reader's machine is."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse

from lifecycle.api.phrases import LANGUAGES, OTHERWISE

_STYLE = """
:root{color-scheme:light dark;--paper:#f4f3ef;--card:#fff;--ink:#1d1f24;--soft:#62666f;
--line:#dfddd6;--deed:#1f5f4f;--on-deed:#fff;--good:#e3f0eb}
@media(prefers-color-scheme:dark){:root{--paper:#15171a;--card:#1e2125;--ink:#eceae4;--soft:#a0a4ab;
--line:#33373d;--deed:#7fd1b9;--on-deed:#0d1f1a;--good:#20332d}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",sans-serif;padding:clamp(16px,5vw,56px) 16px}
main{max-width:34rem;margin:0 auto;background:var(--card);border:1px solid var(--line);
border-radius:14px;padding:clamp(20px,5vw,40px)}
main.wide{max-width:70rem;padding:clamp(16px,3vw,32px)}
.shop{color:var(--soft);font-size:.9rem;margin:0 0 1.25rem;letter-spacing:.01em}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .6rem;text-wrap:balance}
h2{font-size:1.05rem;margin:2.2rem 0 .5rem;padding-top:1.6rem;border-top:1px solid var(--line)}
p{margin:.5rem 0 1rem}.soft{color:var(--soft);font-size:.9rem}
button{font:inherit;font-weight:600;border-radius:9px;padding:.7rem 1.3rem;cursor:pointer;
border:1px solid var(--deed);background:var(--deed);color:var(--on-deed)}
button.quiet{background:transparent;color:var(--ink);border-color:var(--line);font-weight:500}
button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid var(--deed);
outline-offset:2px}
a{color:inherit}
label{display:flex;gap:.75rem;align-items:flex-start;padding:.6rem 0;cursor:pointer}
label+label{border-top:1px solid var(--line)}
fieldset{border:0;margin:0 0 1rem;padding:0}
legend{padding:0;color:var(--soft);font-size:.9rem}
fieldset+fieldset{margin-top:1.4rem}
input[type=checkbox],input[type=radio]{width:1.15rem;height:1.15rem;margin:.2rem 0 0;
accent-color:var(--deed);
flex:none}
.row{display:flex;gap:.7rem;flex-wrap:wrap;margin-top:1rem}
.done{background:var(--good);border-radius:9px;padding:.8rem 1rem;margin:0 0 1.2rem}
table{width:100%;border-collapse:collapse;font-size:.93rem}
th{text-align:left;font-weight:500;color:var(--soft);font-size:.82rem}
th,td{padding:.55rem .7rem .55rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.at{white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--soft)}
td a{font-weight:600;text-decoration:none}td a:hover{text-decoration:underline}
.scroll{overflow-x:auto}
iframe{width:100%;height:75vh;border:1px solid var(--line);border-radius:9px;background:#fff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:0 0 1.2rem;
font-size:.93rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:.88rem/1.5 ui-monospace,SFMono-Regular,Menlo,
monospace;border:1px solid var(--line);border-radius:9px;padding:1rem}
"""


def page(
    title: str,
    content: str,
    *,
    shop: str = "",
    wide: bool = False,
    status: int = 200,
    language: str = "en",
) -> HTMLResponse:
    """A whole page around `content`, which is HTML already; `title` and `shop` are text."""
    over = f'<p class="shop">{escape(shop)}</p>' if shop else ""
    kind = ' class="wide"' if wide else ""
    return HTMLResponse(
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main{kind}>{over}{content}</main></body></html>",
        status,
    )


def not_found(shop: str, language: str = OTHERWISE) -> HTMLResponse:
    """The page for a link that is not, or no longer, one of ours."""
    said = LANGUAGES[language]
    return page(
        said["no_link"],
        f"<h1>{escape(said['no_link'])}</h1><p>{escape(said['no_link_told'])}</p>",
        shop=shop,
        status=404,
        language=language,
    )
