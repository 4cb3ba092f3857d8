"""The token in the login page."""

from __future__ import annotations

import subprocess
import sys

import pytest

from robocoders.wire.login import token_from_page


@pytest.mark.parametrize(
    ("page", "token"),
    [
        ('<pre class="box" id="token">\n  a.b-c_d  \n</pre>', "a.b-c_d"),
        ("<html><body><pre id=token>abc</pre>", "abc"),
        ('<pre id="token"><b>abc</b></pre>', "abc"),
        ('<div id="token">abc</div>', None),
        ('<pre id="token"> </pre>', None),
        ('<pre id="token">None</pre>', None),
        ('<pre id="token">two words</pre>', None),
        ('<pre id="token">a\nb</pre>', None),
        ('<pre id="token">ключ</pre>', None),
        ("<p>Sign in</p>", None),
        ("", None),
    ],
)
def test_the_token_is_read_from_its_element(page: str, token: str | None) -> None:
    """Protocol fact: `<pre ... id="token">TOKEN</pre>`, white space around it is fine."""
    assert token_from_page(page) == token


def test_a_missing_page_parser_names_the_line_that_installs_it() -> None:
    """Promise: MissingRequirementsError names the install line."""
    script = (
        "import sys; sys.modules['bs4'] = None\n"
        "from robocoders.errors import MissingRequirementsError\n"
        "from robocoders.wire.login import token_from_page\n"
        "try: token_from_page('')\n"
        "except MissingRequirementsError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)

    assert "pip install beautifulsoup4" in done.stdout
