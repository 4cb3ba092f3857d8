"""What stands before the hidden tests of each language: how one of them says what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robocoders.evaluating.cases import Language

__all__ = ["PROGRAMS", "command"]

PROGRAMS: Mapping[Language, str] = {"python": "python3", "javascript": "node", "shell": "sh"}
"""What runs the programs of a language."""

_PYTHON = """
import json, sys
sys.dont_write_bytecode = True
def check(name, work):
    try:
        got = json.dumps(work(), separators=(",", ":"), sort_keys=True)
    except BaseException as error:
        got = json.dumps("raised " + type(error).__name__)
    print(MARK, name, got, flush=True)
"""

_JAVASCRIPT = """
const check = (name, work) => {
  let got;
  try { got = JSON.stringify(work()); } catch (error) { got = JSON.stringify("raised " + error?.constructor?.name); }
  // At once: what is only queued is lost when the next test never ends.
  require("fs").writeSync(1, [MARK, name, got].join(" ") + "\\n");
};
"""

_SHELL = """
check() {
    name=$1
    shift
    got=$("$@" 2>/dev/null; echo "|$?")
    printf '%s %s %s\\n' "$MARK" "$name" "$(printf %s "$got" | tr '\\n' '~')"
}
"""


def command(language: Language, program: str, mark: str) -> list[str]:
    """The command that runs hidden tests; each line `MARK NAME WHAT-CAME-OF-IT` of its output is one of them.

    Args:
        language: What they are written in.
        program: The tests.
        mark: A word that nobody can know before, of letters and digits.
    """
    quoted = json.dumps(mark)
    if language == "python":
        return ["python3", "-B", "-c", f"MARK = {quoted}\n{_PYTHON}{program}"]
    if language == "javascript":
        return ["node", "-e", f"const MARK = {quoted};\n{_JAVASCRIPT}{program}"]
    return ["sh", "-c", f"MARK={mark}\n{_SHELL}{program}"]
