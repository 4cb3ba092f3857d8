"""The program that runs inside, compiled once and handed over as data: nothing of ours is visible in a seal."""

from __future__ import annotations

import functools
import importlib.util
import marshal
import types
from pathlib import Path
from typing import Any

__all__ = ["BOOT", "bundle"]

_PACKAGE = "robocoders.workspace.seal.inside"
_MODULES = ("privileges", "processes", "kernel_memory", "measuring", "watching", "spawning", "file_tree", "supervisor")
"""In the order in which they import one another."""

BOOT = (
    "import marshal,sys\n"
    "with open(int(sys.argv[1]),'rb') as f: modules,settings=marshal.load(f)\n"
    "for name,code in modules:\n"
    " module=sys.modules[name]=type(sys)(name)\n"
    " exec(code,module.__dict__)\n"
    "module.supervise(**settings)\n"
)
"""What the bare interpreter is told to run; its argument is the descriptor of a `bundle`."""


def bundle(settings: dict[str, Any]) -> bytes:
    """The modules with the arguments of `supervisor.supervise`."""
    return marshal.dumps((_compiled(), settings))


@functools.cache
def _compiled() -> tuple[tuple[str, types.CodeType], ...]:
    return tuple((name, _code(name)) for name in (f"{_PACKAGE}.{module}" for module in _MODULES))


def _code(name: str) -> types.CodeType:
    specification = importlib.util.find_spec(name)
    if specification is None or specification.origin is None:
        raise ModuleNotFoundError(name)
    return compile(
        Path(specification.origin).read_bytes(), f"<seal>/{name.rpartition('.')[2]}.py", "exec", dont_inherit=True
    )
