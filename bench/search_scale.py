"""A repository of ten thousand real files: how long its index takes, cold, warm and after changes, and what it holds.

python -m bench.search_scale [--files 10000] [--changed 100] [--queries 40] [--json]

The files are sources of several languages that lie about on this machine: the interpreter's own library, the packages
that are installed beside it, their JavaScript and C++ among them. They are chosen and ordered by the digest of their
name, so that the same machine gives the same tree. Each measurement is a process of its own, as a command would be.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.measuring import arguments, percentile, rss_mib, tell
from bench.serving import folder_of_its_own
from robocoders.search.index import Index
from robocoders.workspace.files import Workspace

__all__ = ["make_tree", "measure"]

_SUFFIXES = frozenset(
    {".c", ".cc", ".cpp", ".go", ".h", ".hpp", ".java", ".js", ".md", ".mjs", ".py", ".pyi", ".rs", ".toml", ".ts"}
)
_MOST_BYTES = 1 << 20
_QUESTIONS = (
    "Where is the cookie header parsed?",
    "who calls parse_header",
    "how are connections returned to the pool",
    "json decoder",
    "where is a file opened for reading",
    "ThreadPoolExecutor",
    "where is the retry delay computed",
    "which function escapes html in a template",
    "where is the certificate of a server checked",
    "where is the flux capacitor calibrated",
)
_WORD = "json"
_SAMPLE_SECONDS = 0.01


def sources() -> list[tuple[str, Path]]:
    """Real source files on this machine: a name in the tree and where the file lies, in a fixed order."""
    paths = sysconfig.get_paths()
    found: dict[str, Path] = {}
    for place in dict.fromkeys((paths["purelib"], paths["platlib"], paths["stdlib"], paths["include"])):
        for file in _files(Path(place)):
            name = f"{Path(place).name}/{file.relative_to(place)}".replace("node_modules/", "modules/")
            found.setdefault(name, file)
    return sorted(found.items(), key=lambda one: hashlib.sha256(os.fsencode(one[0])).digest())


def _files(place: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(set(folders) - {"__pycache__", "site-packages"})
        for name in names:
            file = Path(folder, name)
            if file.suffix in _SUFFIXES and file.is_file() and not file.is_symlink():
                yield file


def make_tree(root: Path, files: int) -> Counter[str]:
    """Fill a folder with so many source files, no two alike; all again in another folder where there are too few.

    Returns:
        The number of files by suffix.
    """
    chosen = _without_copies((name, file) for name, file in sources() if 0 < file.stat().st_size <= _MOST_BYTES)
    suffixes: Counter[str] = Counter()
    for number in range(files):
        name, file = chosen[number % len(chosen)]
        place = root / (f"again{number // len(chosen)}" if number >= len(chosen) else "") / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
        # A repository at rest: a file that has just been written is read once more, since it may change again.
        os.utime(place, (1_700_000_000, 1_700_000_000))
        suffixes[place.suffix] += 1
    return suffixes


def _without_copies(named: Iterable[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Each content once: packages bring the same headers for dozens of platforms, a repository does not."""
    return list({hashlib.sha256(file.read_bytes()).digest(): (name, file) for name, file in named}.values())


def measure(folder: Path, files: int, changed: int, queries: int) -> dict[str, Any]:
    """Make a tree, index it, ask it, change it.

    Args:
        folder: An empty folder.
        files: How many files the repository has.
        changed: How many of them are changed.
        queries: How often to ask.
    """
    root, index_dir = folder / "repository", folder / "indexes"
    suffixes = make_tree(root, files)
    size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
    cold = _in_process("index", root, index_dir)
    warm = _in_process("ask", root, index_dir, queries)
    touched = sorted(file for file in root.rglob("*.py"))[:: max(files // (2 * changed), 1)][:changed]
    for number, file in enumerate(touched):
        with file.open("a", encoding="utf-8") as stream:
            stream.write(f"\n\ndef added_by_the_measurement_{number}():\n    return {number}\n")
    update = _in_process("index", root, index_dir)
    figures: dict[str, Any] = {
        "files": files,
        "mib": size / 2**20,
        **{f"files{suffix}": count for suffix, count in suffixes.most_common()},
        "processors": os.cpu_count(),
        "cold_index_seconds": cold["seconds"],
        "cold_progress_calls": cold["told"],
        "cold_most_mib_of_all_processes": cold["most_mib"],
        "index_mib": sum(file.stat().st_size for file in index_dir.iterdir()) / 2**20,
        "open_refresh_and_ask_ms_first": warm["first_ms"],
        "open_refresh_and_ask_ms_median": percentile(warm["whole_ms"], 0.5),
        "open_refresh_and_ask_ms_p95": percentile(warm["whole_ms"], 0.95),
        "of_it_refresh_ms_median": percentile(warm["refresh_ms"], 0.5),
        "of_it_search_ms_median": percentile(warm["search_ms"], 0.5),
        "of_it_search_ms_p95": percentile(warm["search_ms"], 0.95),
        "warm_most_mib": warm["most_mib"],
        "changed": len(touched),
        "update_read": update["read"],
        "update_seconds": update["seconds"],
        "update_most_mib": update["most_mib"],
    }
    return {**figures, **_by_grep(root, _WORD)}


def _by_grep(root: Path, word: str) -> dict[str, Any]:
    """What a scan of all files for a word takes, by ripgrep or grep; nothing where neither is installed."""
    ways = {"rg": ["rg", "-i", "-n"], "grep": ["grep", "-r", "-i", "-n"]}
    figures: dict[str, Any] = {}
    for name, command in ways.items():
        if shutil.which(name) is not None:
            took: list[float] = []
            for _ in range(3):
                began = time.perf_counter()
                subprocess.run(  # noqa: S603 - a program named here
                    [*command, word, "."], cwd=root, stdout=subprocess.DEVNULL, check=False
                )
                took.append((time.perf_counter() - began) * 1000)
            figures[f"{name}_one_word_ms_median"] = percentile(took, 0.5)
    return figures


def _in_process(what: str, root: Path, index_dir: Path, queries: int = 0) -> dict[str, Any]:
    """Carry one measurement out in a process of its own, watching the memory of it and of its children."""
    command = [sys.executable, "-m", "bench.search_scale", "--part", what, str(root), str(index_dir), str(queries)]
    most = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - this very program
        while True:
            most = max(most, _tree_mib(process.pid))
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SAMPLE_SECONDS)
                break
        assert process.stdout is not None
        answer: dict[str, Any] = json.loads(process.stdout.read())
    return {**answer, "most_mib": most}


def _tree_mib(pid: int) -> float:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return rss_mib(pid) + sum(_tree_mib(int(child)) for child in children)
    except (OSError, ValueError):
        return 0.0


def _index(root: Path, index_dir: Path) -> dict[str, Any]:
    told = 0

    def progress(_read: int, _wanted: int) -> None:
        nonlocal told
        told += 1

    began = time.perf_counter()
    with Index.open(index_dir, Workspace(root)) as index:
        result = index.refresh(progress)
    return {"seconds": time.perf_counter() - began, "read": result.read, "told": told}


def _ask(root: Path, index_dir: Path, queries: int) -> dict[str, Any]:
    """Ask as the tool `search` does: the index is opened and brought up to date for each question."""
    parts: dict[str, list[float]] = {"whole_ms": [], "refresh_ms": [], "search_ms": []}
    for number in range(queries + 1):
        began = time.perf_counter()
        with Index.open(index_dir, Workspace(root)) as index:
            opened = time.perf_counter()
            index.refresh()
            refreshed = time.perf_counter()
            index.search(_QUESTIONS[number % len(_QUESTIONS)])
        ended = time.perf_counter()
        for name, seconds in zip(parts, (ended - began, refreshed - opened, ended - refreshed), strict=True):
            parts[name].append(seconds * 1000)
    return {"first_ms": parts["whole_ms"][0], **{name: took[1:] for name, took in parts.items()}}


def main() -> None:
    """Measure and tell; with `--part` a measurement in a process of its own."""
    if sys.argv[1:2] == ["--part"]:
        what, root, index_dir, queries = sys.argv[2:6]
        places = Path(root), Path(index_dir)
        sys.stdout.write(json.dumps(_index(*places) if what == "index" else _ask(*places, int(queries))))
        return
    given = arguments(__doc__, files=10_000, changed=100, queries=40)
    with folder_of_its_own() as folder:
        tell(measure(folder, given.files, given.changed, given.queries), as_json=given.json)


if __name__ == "__main__":
    main()
