"""Workspaces for the tests of the search."""

from __future__ import annotations

from pathlib import Path

from robocoders.workspace.files import Workspace

__all__ = ["SHOP", "workspace_with"]

SHOP = {
    "README.md": "# Shop\n\nSells things.\n\n## Cookies\n\nThe cookie is parsed somewhere, see the cookie code.\n",
    "shop/cookies.py": (
        '"""Cookies."""\n\nimport re\n\nDEFAULT_AGE_SECONDS = 60\n\n\n'
        "class CookieJar:\n"
        '    """Holds cookies."""\n\n'
        "    def parse_header(self, header: str) -> dict[str, str]:\n"
        "        pairs = {}\n"
        "        for part in header.split(';'):\n"
        "            name, _, value = part.partition('=')\n"
        "            pairs[name.strip()] = value.strip()\n"
        "        return pairs\n\n"
        "    def save(self, path: str) -> None:\n"
        "        with open(path, 'w') as file:\n"
        "            file.write(repr(self))\n"
    ),
    "shop/orders.py": (
        "from shop.cookies import CookieJar\n\n\n"
        "def place_order(items: list[str]) -> int:\n"
        "    total = compute_total(items)\n"
        "    return total\n\n\n"
        "def compute_total(items: list[str]) -> int:\n"
        "    # The discount is applied here.\n"
        "    discount = 3\n"
        "    return len(items) - discount\n"
    ),
    "tests/test_cookies.py": "def test_parse_header():\n    assert CookieJar().parse_header('a=1') == {'a': '1'}\n",
    "vendor/cookies.py": "def parse_cookie_header(header):\n    return header\n",
}
"""A small repository in which the answers to a few questions are known."""


def workspace_with(root: Path, files: dict[str, str]) -> Workspace:
    """A workspace at `root` that holds these files."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    root.mkdir(exist_ok=True)
    return Workspace(root)
