"""The login page: where the token is, and how a page with a token is written."""

from __future__ import annotations

import importlib

from robocoders.errors import MissingRequirementsError

__all__ = ["require_page_parser", "token_from_page"]

_NOTHING = ("", "None", "null", "undefined")


def require_page_parser() -> None:
    """Make sure that a login page could be read.

    Raises:
        MissingRequirementsError: beautifulsoup4 is not installed.
    """
    try:
        importlib.import_module("bs4")
    except ImportError as error:
        raise MissingRequirementsError(
            "reading the login page takes beautifulsoup4; install it with: pip install beautifulsoup4"
        ) from error


def token_from_page(page: str) -> str | None:
    """Return the token of a login page, without white space around it; None where the page has none.

    Args:
        page: HTML with `<pre id="token">TOKEN</pre>` (protocol fact).

    Raises:
        MissingRequirementsError: beautifulsoup4 is not installed.
    """
    require_page_parser()
    from bs4 import BeautifulSoup  # noqa: PLC0415 - loaded only by those who sign in

    element = BeautifulSoup(page, "html.parser").find("pre", id="token")
    token = element.get_text().strip() if element is not None else ""
    # A token goes into a header; white space or control characters in it mean that this is no token. A page that was
    # filled with nothing says "None".
    usable = token.isascii() and token.isprintable() and " " not in token and token not in _NOTHING
    return token if usable else None
