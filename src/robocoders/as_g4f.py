"""Runs an old script with the old import names: `python -m robocoders.as_g4f SCRIPT [ARGS]`.

In this process only, `g4f.models` and `g4f.providers.RobocodersAPI` mean this package. Where the real one is installed
nothing is run, so that it is never hidden.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path
from types import ModuleType

__all__ = ["main"]

_NAMES = ("models", "typing", "providers", "providers.base_provider", "providers.RobocodersAPI")


def main(arguments: list[str]) -> int | str:
    """Run the script, whose own exit wins; return an exit code, or a refusal for standard error."""
    if not arguments or not Path(arguments[0]).is_file():
        sys.stderr.write("usage: python -m robocoders.as_g4f SCRIPT [ARGS]   (SCRIPT is a Python file)\n")
        return 2
    sys.argv[:] = arguments
    sys.path[0] = str(Path(arguments[0]).resolve().parent)  # as `python SCRIPT` has it
    if importlib.util.find_spec("g4f") is not None:
        return "robocoders.as_g4f: a real g4f package is installed here; nothing was run"
    package = sys.modules["g4f"] = ModuleType("g4f", "The package robocoders under an old name.")
    package.__path__ = []
    for name in _NAMES:
        module = sys.modules[f"g4f.{name}"] = importlib.import_module(f"robocoders.{name}")
        if "." not in name:
            setattr(package, name, module)
    runpy.run_path(arguments[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
