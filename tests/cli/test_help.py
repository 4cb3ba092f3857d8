from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from robocoders import __version__
from robocoders.cli.application import application
from robocoders.cli.exit_codes import MEANINGS
from tests.cli.commands import BOUND_SECONDS, command
from tests.support.repository import ROOT

PAGE = (ROOT / "docs/command.md").read_text(encoding="utf-8")
FLAG = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*")


def described() -> Iterator[tuple[str, set[str]]]:
    """Every command that does something, with the flags its help names."""

    def walk(node: Any, name: str) -> Iterator[tuple[str, set[str]]]:
        children: dict[str, Any] = getattr(node, "commands", {})
        if not children or name == "robocoders":
            flags = {flag for parameter in node.params for flag in parameter.opts if flag.startswith("-")}
            yield name, flags
        for word, child in children.items():
            yield from walk(child, f"{name} {word}")

    yield from walk(typer.main.get_command(application), "robocoders")


def section(name: str) -> str:
    """The page's section about a command."""
    found = re.search(rf"^### {re.escape(name)}(?: [A-Z]+)?\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/command.md has no section about {name}"
    return found[1]


COMMANDS = dict(described())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_is_documented_and_every_documented_flag_exists(name: str) -> None:
    """Promise: docs/command.md, commands."""
    table = "\n".join(re.findall(r"`([^`\n]*)`", section(name)))
    written = set(FLAG.findall(table))
    if name == "robocoders":
        assert written == COMMANDS[name] | {"--help", "-h"}
    else:
        # `--auth local` is named where it matters for another flag.
        assert written - COMMANDS[name] <= {"--auth"}
        assert COMMANDS[name] <= written


def test_every_documented_command_exists() -> None:
    """Promise: docs/command.md, commands."""
    assert set(re.findall(r"^### ([a-z ]+?)(?: [A-Z]+)?$", PAGE, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("name", ["", "ask", "chat", "serve", "sessions", "sessions events", "config"])
def test_help_is_text_on_standard_output(name: str) -> None:
    """Promise: docs/command.md, commands: every command has --help; nothing is drawn around it."""
    ended = command(*name.split(), "--help", variables={"COLUMNS": "100"})
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: robocoders {name}".rstrip())
    assert "╭" not in ended.out


def test_the_table_of_exit_codes_is_the_programs_own() -> None:
    """Promise: docs/command.md, exit codes."""
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(str(int(code)), meaning) for code, meaning in MEANINGS.items()]


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_data(flag: str) -> None:
    """Promise: docs/command.md, robocoders --version."""
    ended = command(flag)
    assert (ended.code, ended.out, ended.err) == (0, f"robocoders {__version__}\n", "")


@pytest.mark.unmeasured
def test_the_version_loads_no_library() -> None:
    """Promise: docs/command.md, robocoders --version is answered before anything else is loaded."""
    program = (
        "import sys; before = set(sys.modules); sys.argv = ['robocoders', '--version']\n"
        "from robocoders.__main__ import main; code = main()\n"
        "foreign = {name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "assert foreign == {'robocoders'}, foreign\n"
        "sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=BOUND_SECONDS, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"robocoders {__version__}\n", "")


@pytest.mark.unmeasured
def test_help_loads_neither_the_client_nor_the_service() -> None:
    """Promise: docs/command.md, commands: --help is fast."""
    program = (
        "import sys; from robocoders.__main__ import main; sys.argv = ['robocoders', '--help']; code = main()\n"
        "heavy = {'aiohttp', 'bs4', 'fastapi', 'msgspec', 'prompt_toolkit', 'pydantic_ai', 'rich', 'sqlalchemy'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=BOUND_SECONDS, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["nonsense"], ["ask", "--nonsense"], ["sessions"], ["serve", "--port", "x"]])
def test_wrong_use_says_so(arguments: list[str]) -> None:
    """Promise: docs/command.md, exit codes: 2."""
    ended = command(*arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("missing", "arguments", "line"),
    [
        (("typer", "rich"), ["ask", "hello"], "pip install 'robocoders[cli]'"),
        (("prompt_toolkit",), ["chat"], "pip install 'robocoders[cli]'"),
        (("fastapi", "uvicorn"), ["serve", "--port", "0"], "pip install 'robocoders[server]'"),
    ],
)
def test_a_missing_extra_is_named_in_one_line(
    missing: tuple[str, ...], arguments: list[str], line: str, tmp_path: Path
) -> None:
    """Promise: docs/command.md: without an extra the command says what to install, exit code 2."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(missing) and entry.suffix != ".pth":
            (libraries / entry.name).symlink_to(entry)
    # -S: this interpreter's own libraries stay away, so that only those above are there.
    program = "import sys; from robocoders.__main__ import main; sys.argv[0] = 'robocoders'; sys.exit(main())"
    path = os.pathsep.join([str(ROOT / "src"), str(libraries)])
    variables = {**os.environ, "PYTHONPATH": path, "ROBOCODERS_BASE_URL": "http://127.0.0.1:1"}
    start = [sys.executable, "-S", "-c", program, *arguments]
    if arguments == ["chat"]:
        start = ["script", "-qec", subprocess.list2cmdline(start), os.devnull]
    ended = subprocess.run(
        start, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    told = (ended.stdout + ended.stderr).strip()
    assert ended.returncode == 2, told
    assert line in told
    assert len(told.splitlines()) == 1
