"""Whether the search finds the right file: questions about three packages, beside a ranking by their words alone.

python -m bench.search [--final] [--jsonl] [--tree DIR] [--cache DIR]

The sources come from a package registry through pip, once; `--tree` names a folder that holds them unpacked, each in
its own `NAME-VERSION`.

Two sets of questions are asked: in documented words, as somebody types who has read the user documentation, and in
other words, paraphrased so that none of the code's own words occur. While the search is worked on, the open ones
of both are asked; `--final` asks the third of each kept for a last reading, on which nothing may be tuned. A question
that has an answer and gets "no strong match" counts as not found.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.search.questions import Reading, Wording, load_questions
from bench.search.reading import Answer, Figures, Outcome, reached, read_package
from bench.search.sources import SourcesError, default_cache, fetch, unpack

__all__ = ["outcomes", "table"]


def outcomes(reading: Reading, *, tree: Path | None, cache: Path, temporary: Path) -> Iterator[Outcome]:
    """Ask all questions of a reading.

    Args:
        reading: Which questions.
        tree: Where the packages are unpacked already; None to fetch them.
        cache: Where fetched source distributions are kept.
        temporary: An empty folder for what is needed meanwhile.

    Raises:
        SourcesError: A package is neither there nor to be had.
    """
    asked = load_questions()
    for package in asked.packages:
        if tree is None:
            root = unpack(fetch(package, cache), package, temporary)
        else:
            root = tree / package.folder
            if not root.is_dir():
                raise SourcesError(f"{tree} has no folder {package.folder}")
        yield from read_package(root, asked.of(package, reading), temporary / "indexes")


def table(reading: Reading, figures: dict[tuple[Wording, str], Figures]) -> str:
    """The figures of each ranking in one line, for each set of questions."""
    rows = [("asked in", "ranked by", "right file first", "in the first five", "no strong match")]
    for (wording, ranking), got in figures.items():
        shares = (_share(got.first, got.answerable), _share(got.among_five, got.answerable))
        rows.append((wording, ranking, *shares, f"{got.unmatched} of {got.unanswerable}"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    about = f'{reading} questions; "no strong match" is counted over those without an answer'
    return "\n".join((about, "", *lines, ""))


def _share(count: int, of: int) -> str:
    return f"{100 * count / max(of, 1):.1f} % ({count} of {of})"


def _records(found: Iterable[Outcome]) -> Iterator[str]:
    for one in found:
        question = one.question
        record = {"id": question.id, "package": question.package, "reading": question.reading, "text": question.text}
        record |= {"wording": question.wording, "right": question.files}
        record |= {"search": _seen(one.search, question.files)}
        yield json.dumps(record | {"words": _seen(one.words, question.files)}) + "\n"


def _seen(answer: Answer, right: Sequence[str]) -> dict[str, object]:
    return {"rank": answer.rank_in(right), "match": bool(answer.files), "files": answer.files}


def main() -> int:
    """Ask and tell; 1 where the sources are not to be had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--final", action="store_true", help="ask the third of each set that is kept for a last reading"
    )
    parser.add_argument("--jsonl", action="store_true", help="one JSON object for each question, no table")
    parser.add_argument("--tree", type=Path, metavar="DIR", help="a folder with the packages, unpacked")
    parser.add_argument("--cache", type=Path, metavar="DIR", default=default_cache(), help="default %(default)s")
    options = parser.parse_args()
    reading: Reading = "final" if options.final else "open"
    with tempfile.TemporaryDirectory(prefix="robocoders-bench-") as folder:
        try:
            found = list(outcomes(reading, tree=options.tree, cache=options.cache, temporary=Path(folder)))
        except SourcesError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    if options.jsonl:
        sys.stdout.writelines(_records(found))
        return 0
    sys.stdout.write(table(reading, reached(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
