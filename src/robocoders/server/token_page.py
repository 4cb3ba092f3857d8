"""The page that shows a token.

Old clients find the token by the characters `id="token">` right before it and `</pre>` right after it, so `id` is the
last attribute of its element and nothing in the token needs an escape (protocol fact).
"""

from __future__ import annotations

from starlette.responses import HTMLResponse

__all__ = ["token_page"]

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 46rem; padding: 0 1rem; }}
pre {{ background: #8882; border-radius: .4rem; overflow-wrap: anywhere; padding: 1rem; white-space: pre-wrap; }}
</style>
</head>
<body>
<h1>{title}</h1>
{content}
<p>robocoders is an independent reimplementation for compatibility. It is not affiliated with or endorsed by
Robocoders AI or its makers.</p>
</body>
</html>
"""

_TOKEN = """<p>Programs send it as <code>Authorization: Bearer TOKEN</code>. Whoever has it acts as you on this server,
so keep it to yourself. It is valid for a year, or until it is revoked with <code>robocoders logout</code>.</p>
<pre class="token" id="token">{token}</pre>"""


def token_page(token: str) -> HTMLResponse:
    """The page with a token."""
    return HTMLResponse(_PAGE.format(title="Your token", content=_TOKEN.format(token=token)), headers=_HEADERS)
