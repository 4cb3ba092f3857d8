"""The command as a whole: its subcommands, and how an error becomes one line and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from robocoders.cli import agents, ask, chat, config, doctor, login, logout, search, serve, sessions, stop
from robocoders.cli.eval import evaluate
from robocoders.cli.exit_codes import ExitCode, code_for_error
from robocoders.cli.terminal import prepare_streams, say, say_error
from robocoders.errors import MissingRequirementsError, RobocodersError

__all__ = ["application", "run"]

_COMMAND_LIBRARIES = frozenset({"prompt_toolkit", "rich"})
_SERVER_LIBRARIES = frozenset({"alembic", "fastapi", "jwt", "pathspec", "pydantic_ai", "sqlalchemy", "uvicorn"})


class _ErrorsTold(TyperGroup):
    """Every command of the group tells its error in a line or two, and ends with the error's exit code."""

    def invoke(self, ctx: Any) -> Any:  # the type of a context differs between versions of typer
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            raise typer.Exit(ExitCode.CLOSED_PIPE) from None
        except ModuleNotFoundError as error:
            say_error(_missing(error))
            raise typer.Exit(ExitCode.USAGE) from None
        except RobocodersError as error:
            say_error(error)
            raise typer.Exit(code_for_error(error)) from None
        except OSError as error:
            say(f"Error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
            raise typer.Exit(ExitCode.FAILED) from None


application = typer.Typer(
    name="robocoders",
    cls=_ErrorsTold,
    help="Coding agents over the Robocoders protocol. An independent reimplementation for compatibility, "
    "not affiliated with Robocoders AI.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
application.command("ask")(ask.ask)
application.command("chat")(chat.chat)
application.command("search")(search.search)
application.command("serve")(serve.serve)
application.command("stop")(stop.stop)
application.command("login")(login.login)
application.command("logout")(logout.logout)
application.add_typer(sessions.application, name="sessions")
application.command("agents")(agents.agents)
application.command("doctor")(doctor.doctor)
application.command("eval")(evaluate)
application.add_typer(config.application, name="config")


def run(arguments: list[str]) -> int:
    """Carry out one command line.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit code.
    """
    prepare_streams()
    code: int = ExitCode.DONE
    try:
        application(args=arguments, prog_name="robocoders")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else ExitCode.DONE
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        code = ExitCode.CLOSED_PIPE
    except OSError as error:
        _drop_output()
        say(f"Error: the output cannot be written: {error.strerror}")
        code = code or ExitCode.FAILED
    return code


def _drop_output() -> None:
    """Lead what was not written to nowhere: Python would try once more at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@application.callback()
def _root(  # pyright: ignore[reportUnusedFunction] - typer calls it
    *,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and leave.")] = False,
) -> None:
    """Say what there is. `--version` is here for its help: it is answered before typer is imported."""


def _missing(error: ModuleNotFoundError) -> MissingRequirementsError:
    library = (error.name or "").partition(".")[0]
    extra = "cli" if library in _COMMAND_LIBRARIES else "server" if library in _SERVER_LIBRARIES else None
    if extra is None:
        raise error
    return MissingRequirementsError(
        f"This command needs {library}, which is not installed: pip install 'robocoders[{extra}]'"
    )
