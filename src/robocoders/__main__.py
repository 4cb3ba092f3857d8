"""The command's first steps: `python -m robocoders` and the script `robocoders`."""

from __future__ import annotations

import sys

__all__ = ["main"]

_INSTALL = "pip install 'robocoders[cli]'"
_LIBRARIES = ("typer", "rich", "prompt_toolkit", "click", "shellingham")


def main() -> int:
    """Run the command with the arguments of this process.

    Returns:
        The exit code (`robocoders.cli.exit_codes`). `--version` is answered before any library is loaded; without
        the extra `cli` one line says what to install.
    """
    arguments = sys.argv[1:]
    if arguments and arguments[0] in {"--version", "-V"}:
        from robocoders import __version__  # noqa: PLC0415 - the quickest of the command's answers

        print(f"robocoders {__version__}")  # noqa: T201 - data for standard output
        return 0
    try:
        from robocoders.cli.application import run  # noqa: PLC0415 - needs the extra `cli`
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _LIBRARIES:
            raise
        print(f"The command needs libraries that are not installed: {_INSTALL}", file=sys.stderr)  # noqa: T201
        return 2
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
