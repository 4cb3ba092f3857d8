"""One reading: each question is asked of the search and of the baseline, and both are judged alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.search.questions import WORDINGS, Question, Wording
from bench.search.words_alone import WordsAlone
from robocoders.search.index import Index
from robocoders.workspace.files import Workspace

__all__ = ["SEARCH", "WORDS", "Answer", "Figures", "Outcome", "figures_of", "reached", "read_package"]

PLACES = 5
SEARCH = "this search"
WORDS = "the question's words alone"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one ranking says to a question: files best first, none where it says that there is no strong match."""

    files: tuple[str, ...]

    def rank_in(self, right: Sequence[str]) -> int | None:
        """The place of the first right file, from 1; None where none is among them."""
        return next((place for place, file in enumerate(self.files, 1) if file in right), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question with both answers."""

    question: Question
    search: Answer
    words: Answer


@dataclass(frozen=True, slots=True)
class Figures:
    """What a ranking reached.

    Args:
        first: In so many questions the right file came first.
        among_five: In so many it was in the first five.
        answerable: Questions that have an answer.
        unmatched: So many questions without an answer were told to have no strong match.
        unanswerable: Questions that have none.
    """

    first: int
    among_five: int
    answerable: int
    unmatched: int
    unanswerable: int


def read_package(root: Path, questions: Sequence[Question], index_dir: Path) -> Iterator[Outcome]:
    """Ask questions about the package below `root`; its index is kept below `index_dir`.

    Both rankings see the same files. A search that says "no strong match" has answered nothing, whatever places it
    adds: otherwise it could say so always and be praised twice. Its places are taken as they are shown, five of them,
    also where two are in one file; the baseline names five different files.
    """
    workspace = Workspace(root)
    with Index.open(index_dir, workspace) as index, closing(WordsAlone(_texts(workspace))) as words:
        index.refresh()
        for question in questions:
            result = index.search(question.text, PLACES)
            files = tuple(place.path for place in result.places) if result.strong else ()
            yield Outcome(question, Answer(files[:PLACES]), Answer(tuple(words.search(question.text, PLACES))))


def figures_of(answers: Iterable[tuple[Question, Answer]]) -> Figures:
    """Count what a ranking reached."""
    with_answer: list[int | None] = []
    without_answer: list[bool] = []
    for question, answer in answers:
        if question.files:
            with_answer.append(answer.rank_in(question.files))
        else:
            without_answer.append(not answer.files)
    return Figures(
        first=with_answer.count(1),
        among_five=sum(rank is not None for rank in with_answer),
        answerable=len(with_answer),
        unmatched=sum(without_answer),
        unanswerable=len(without_answer),
    )


def reached(found: Sequence[Outcome]) -> dict[tuple[Wording, str], Figures]:
    """What each ranking reached in each set of questions, the search before its baseline."""
    figures: dict[tuple[Wording, str], Figures] = {}
    for wording in WORDINGS:
        of_set = [one for one in found if one.question.wording == wording]
        figures[wording, SEARCH] = figures_of((one.question, one.search) for one in of_set)
        figures[wording, WORDS] = figures_of((one.question, one.words) for one in of_set)
    return figures


def _texts(workspace: Workspace) -> Iterator[tuple[str, str]]:
    for file in workspace.walk():
        text = workspace.load_text(file.path)
        if text is not None:
            yield file.path, text
