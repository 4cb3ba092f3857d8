from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from robocoders.search.parsing import languages_with_grammar

SOURCES = {
    "a.py": "def brew(): pass\n",
    "a.js": "function brew() {}\n",
    "a.ts": "function brew(): void {}\n",
    "a.tsx": "const brew = () => <Tea />;\n",
    "a.go": "func brew() {}\n",
    "a.rs": "fn brew() {}\n",
    "A.java": "class A { void brew() {} }\n",
    "a.c": "int brew(void) { return 1; }\n",
    "a.cpp": "int Tea::brew() { return 1; }\n",
    "a.md": "# brew\n",
}
SCRIPT = """
import json, socket, sys
from pathlib import Path
from robocoders.search.index import Index
from robocoders.search.languages import language_of
from robocoders.search.symbols import find_symbols
from robocoders.workspace.files import Workspace

try:
    socket.create_connection(("192.0.2.1", 80), timeout=1).close()
    can_connect = True
except OSError:
    can_connect = False
root = Path(sys.argv[1])
with Index.open(Path(sys.argv[2]), Workspace(root)) as index:
    read = index.refresh().read
    places = [place.path for place in index.search("where is the tea brewed", limit=20).places]
found = {}
for file in root.iterdir():
    found[file.name] = [one.name for one in find_symbols(language_of(file.name), file.read_text())]
print(json.dumps([can_connect, read, places, found]))
"""
SEALED = ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--unshare-net", "--"]
"""Everything is as outside but the network, of which there is nothing."""


@pytest.mark.needs_bubblewrap
@pytest.mark.unmeasured
def test_indexing_needs_no_network(tmp_path: Path) -> None:
    """Promise: README, search: nothing is fetched when it runs; every grammar is in the installation."""
    root = tmp_path / "tree"
    root.mkdir()
    for name, text in SOURCES.items():
        (root / name).write_text(text)
    run = subprocess.run(
        [*SEALED, sys.executable, "-c", SCRIPT, str(root), str(tmp_path / "index")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    can_connect, read, places, found = json.loads(run.stdout)
    assert not can_connect
    assert read == len(SOURCES)
    assert places
    assert {name: "brew" in names for name, names in found.items()} == dict.fromkeys(SOURCES, True)


def test_every_grammar_is_among_what_is_indexed_without_a_network() -> None:
    """Promise: README, search: nothing is fetched when it runs; a new grammar is tried in the test above, too."""
    assert len(languages_with_grammar()) == len(SOURCES) - 1
