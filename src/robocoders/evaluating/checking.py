"""The hidden tests of a case: run in a seal of their own, judged outside of it.

The agent's repository may hold anything: programs that end with 0 before a test runs, modules that stand in for the
language's own, tests that were edited. So nothing inside says whether a test has passed. What is run there says what
came of each call, and what should have come is known only here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robocoders.evaluating.preludes import command

if TYPE_CHECKING:
    from robocoders.evaluating.cases import Case
    from robocoders.workspace.seal import Seal

__all__ = ["Verdict", "check"]

CHECK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the hidden tests came to.

    Args:
        passed: How many came to what they should.
        failed: The names of the others.
        ended_by: The limit that ended them, where one did.
    """

    passed: int
    failed: tuple[str, ...]
    ended_by: str | None = None

    @property
    def is_pass(self) -> bool:
        """Whether all came to what they should."""
        return not self.failed and self.passed > 0


async def check(case: Case, seal: Seal) -> Verdict:
    """Run the hidden tests of a case.

    Args:
        case: The case.
        seal: A fresh one around the repository, in which nothing of the agent's runs any more.

    Raises:
        SealError: Nothing can be run here.
    """
    mark = f"said{secrets.token_hex(12)}"
    finished = await seal.run(command(case.language, case.program, mark), shell=False, timeout=CHECK_SECONDS)
    said = _said(finished.stdout, mark)
    failed = tuple(name for name, expected in case.expected.items() if said.get(name) != [expected])
    return Verdict(len(case.expected) - len(failed), failed, finished.ended_by)


def _said(output: str, mark: str) -> dict[str, list[str]]:
    """What each test said; one that said more than one thing has not passed."""
    said: dict[str, list[str]] = {}
    for line in output.split("\n"):
        marked, _, rest = line.partition(" ")
        if marked == mark:
            name, _, what = rest.partition(" ")
            said.setdefault(name, []).append(what)
    return said
