from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import BOUND_SECONDS, command
from tests.cli.terminals import on_terminal
from tests.search.trees import SHOP, workspace_with


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return workspace_with(tmp_path / "shop", SHOP).root


def test_places_are_printed_best_first(shop: Path) -> None:
    """Promise: docs/command.md, robocoders search: path:line, the definition around it, a few lines, the words."""
    ended = command("search", "--workspace", str(shop), "Where is the cookie header parsed?")

    assert (ended.code, ended.err) == (0, "")
    first, second, *_ = ended.out.splitlines()
    assert first == "shop/cookies.py:11  CookieJar.parse_header"
    assert second == "    def parse_header(self, header: str) -> dict[str, str]:"
    assert ended.out.splitlines()[-1] == "Searched for: cookie, header, parsed"


def test_words_need_no_quotation_marks_and_the_current_directory_is_the_default(shop: Path) -> None:
    """Promise: docs/command.md, robocoders search."""
    assert command("search", "compute", "total", cwd=shop).out.startswith("shop/orders.py:9  compute_total\n")


def test_calls_and_what_a_file_defines_are_asked_for_alike(shop: Path) -> None:
    """Promise: docs/command.md, robocoders search: who calls something, and what is in a file."""
    calls = command("search", "--workspace", str(shop), "who", "calls", "compute_total?")
    assert calls.out.startswith("shop/orders.py:5  place_order\n")
    defined = command("search", "--workspace", str(shop), "what is in cookies.py")
    assert [line for line in defined.out.splitlines() if line.startswith("shop/")] == [
        "shop/cookies.py:5  DEFAULT_AGE_SECONDS",
        "shop/cookies.py:8  CookieJar",
        "shop/cookies.py:11  CookieJar.parse_header",
        "shop/cookies.py:18  CookieJar.save",
    ]


def test_each_place_is_one_object(shop: Path) -> None:
    """Promise: docs/command.md, robocoders search: --jsonl."""
    ended = command("search", "--workspace", str(shop), "--jsonl", "cookie header parsed")

    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert 1 <= len(rows) <= 5
    assert {tuple(row) for row in rows} == {("path", "line", "symbol", "kind", "excerpt", "terms")}
    assert (rows[0]["path"], rows[0]["symbol"]) == ("shop/cookies.py", "CookieJar.parse_header")
    assert rows[0]["terms"] == ["cookie", "header", "parsed"]


@pytest.mark.parametrize(
    ("flags", "out"), [([], "No strong match.\nSearched for: flux, capacitor\n"), (["--jsonl"], "")]
)
def test_no_strong_match_is_said_and_is_exit_code_1(shop: Path, flags: list[str], out: str) -> None:
    """Promise: docs/command.md, robocoders search: the exit codes of grep."""
    ended = command("search", "--workspace", str(shop), *flags, "flux", "capacitor")
    assert (ended.code, ended.out, ended.err) == (1, out, "")


@pytest.mark.parametrize("arguments", [[], ["--workspace", "missing", "word"], ["--nonsense", "word"]])
def test_wrong_use_is_exit_code_2(shop: Path, arguments: list[str]) -> None:
    """Promise: docs/command.md, robocoders search: the exit codes of grep."""
    ended = command("search", *arguments, cwd=shop)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


def test_words_may_look_like_flags(shop: Path) -> None:
    """Promise: docs/command.md, robocoders search: words that begin with a dash follow `--`."""
    assert command("search", "--workspace", str(shop), "--", "--place-order").out.startswith("shop/orders.py:4")


def test_an_odd_path_stays_on_one_line(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders search: paths are quoted as git does it."""
    root = workspace_with(tmp_path / "root", {"line\nbreak.py": "def apple_pie():\n    return 1\n"}).root
    assert command("search", "apple_pie", cwd=root).out.startswith('"line\\nbreak.py":1  apple_pie\n')
    row = json.loads(command("search", "--jsonl", "apple_pie", cwd=root).out)
    assert row["path"] == '"line\\nbreak.py"'


def test_the_index_lies_in_the_data_directory_and_is_used_again(shop: Path, tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders search: the index is kept, and only what changed is read again."""
    variables = {"ROBOCODERS_DATA_DIR": str(tmp_path / "data")}
    assert command("search", "compute total", cwd=shop, variables=variables).code == 0
    (index,) = (tmp_path / "data" / "index").glob("*.db")
    before = index.stat().st_ino
    (shop / "shop/orders.py").write_text("def ship_parcel():\n    return 1\n")
    assert command("search", "parcel shipped", cwd=shop, variables=variables).out.startswith("shop/orders.py:1")
    assert index.stat().st_ino == before


def test_the_data_directory_is_not_searched(shop: Path) -> None:
    """Promise: SECURITY, files: the data directory inside of a workspace is hidden."""
    data = shop / "data"
    data.mkdir()
    (data / "secret.py").write_text("def quite_secret(): ...\n")
    assert command("search", "quite secret", cwd=shop, variables={"ROBOCODERS_DATA_DIR": str(data)}).code == 1


def test_progress_is_for_terminals(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders search: a terminal shows how far the index is, and nothing of it stays."""
    root = workspace_with(
        tmp_path / "many", {f"part{number}.py": f"def part{number}(): ...\n" for number in range(300)}
    ).root
    assert command("search", "part7", cwd=root).err == ""
    with on_terminal(
        "search", "part8", "--workspace", str(root), variables={"ROBOCODERS_DATA_DIR": str(tmp_path)}
    ) as shown:
        assert shown.end() == 0
    assert "Indexing: 200 of 300 files" in shown.text
    assert shown.screen.startswith("part8.py:1  part8\n")


@pytest.mark.unmeasured
def test_a_search_loads_neither_the_client_nor_the_service(shop: Path) -> None:
    """Promise: docs/command.md, robocoders search: without a session, a server or a model."""
    program = (
        "import sys; from robocoders.__main__ import main\n"
        f"sys.argv = ['robocoders', 'search', '--workspace', {str(shop)!r}, 'place_order']; code = main()\n"
        "heavy = {'aiohttp', 'bs4', 'fastapi', 'prompt_toolkit', 'pydantic_ai', 'sqlalchemy'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=BOUND_SECONDS, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_closed_output_is_no_failure_of_the_search(shop: Path) -> None:
    """Promise: docs/command.md, exit codes: 141."""
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "robocoders", "search", "--workspace", str(shop), "compute", "total"],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=BOUND_SECONDS,
        check=False,
    )
    os.close(write)
    assert (process.returncode, process.stderr) == (141, b"")
