"""`robocoders serve`: run a server in the foreground."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from robocoders.cli import limit_options as limits
from robocoders.cli.model_choice import choose_model
from robocoders.cli.options import DataDirOption, ModelOption
from robocoders.client.configuration import resolve
from robocoders.errors import ConfigurationError

__all__ = ["serve"]


class _Auth(StrEnum):
    LOCAL = "local"
    OPEN = "open"


class _Sandbox(StrEnum):
    BUBBLEWRAP = "bubblewrap"
    NONE = "none"


_LARGEST_TOKEN_FILE_BYTES = 1_000_000

_TlsCert = Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate chain, PEM; with --tls-key: https.")]
_TlsKey = Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate's private key, PEM.")]
_DatabaseUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="The event log's database; ROBOCODERS_DATABASE_URL.")
]
_ModelUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="A model server that speaks OpenAI's dialects; ROBOCODERS_MODEL_URL.")
]
_SandboxOption = Annotated[
    _Sandbox, typer.Option(help="bubblewrap: seal what agents run; none: run it bare, in a throw-away container.")
]
_Network = Annotated[
    bool, typer.Option("--network", help="Let the commands of new sessions reach the network; anyone may ask for it.")
]
_Port = Annotated[int, typer.Option(metavar="PORT", help="The port; 0 takes a free one.")]
_AuthOption = Annotated[
    _Auth, typer.Option(help="local: sign-in needs the key on this machine; open: anyone on this machine.")
]
_AllowHost = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="A further name the server is called by; repeatable.")
]
_OneEvent = Annotated[
    bool, typer.Option("--one-event-per-turn", help="The plain stream carries only the last event of a turn.")
]
_IdleExit = Annotated[float | None, typer.Option(metavar="MINUTES", help="Stop by itself after so long without work.")]
_AcceptToken = Annotated[
    list[str] | None,
    typer.Option(metavar="TOKEN", help="Accept this bearer token (others on this machine can see it; repeatable)."),
]
_AcceptTokenFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Accept the bearer tokens in this file, one a line; - reads them.")
]


def serve(
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: _Port = 8760,
    auth: _AuthOption = _Auth.LOCAL,
    data_dir: DataDirOption = None,
    model: ModelOption = None,
    model_url: _ModelUrl = None,
    database_url: _DatabaseUrl = None,
    tls_cert: _TlsCert = None,
    tls_key: _TlsKey = None,
    allow_host: _AllowHost = None,
    one_event_per_turn: _OneEvent = False,
    accept_token: _AcceptToken = None,
    accept_token_file: _AcceptTokenFile = None,
    idle_exit: _IdleExit = None,
    sandbox: _SandboxOption = _Sandbox.BUBBLEWRAP,
    network: _Network = False,
    command_seconds: limits.CommandSecondsOption = None,
    command_cpu_seconds: limits.CommandCpuSecondsOption = None,
    command_memory: limits.CommandMemoryOption = None,
    command_processes: limits.CommandProcessesOption = None,
    command_file_size: limits.CommandFileSizeOption = None,
    command_output: limits.CommandOutputOption = None,
    workspace_size: limits.WorkspaceSizeOption = None,
    user_ceiling_money_usd: limits.UserCeilingMoneyOption = None,
    user_ceiling_tokens: limits.UserCeilingTokensOption = None,
    user_ceiling_seconds: limits.UserCeilingSecondsOption = None,
) -> None:
    """Run a server until Ctrl-C or SIGTERM.

    Its address is the first line of standard output, printed once it is ready; all else goes to standard error.
    """
    from robocoders.server.serving import serve as run_server  # noqa: PLC0415 - needs the extra `server`
    from robocoders.server.settings import Settings  # noqa: PLC0415

    settings = Settings(
        host=host,
        port=port,
        auth=auth.value,
        data_dir=Path(resolve("data_dir", str(data_dir) if data_dir else None).value or "").expanduser().absolute(),
        model=choose_model(model, ask=True),
        model_url=resolve("model_url", model_url).value,
        database_url=resolve("database_url", database_url).value,
        tls_cert=tls_cert,
        tls_key=tls_key,
        allow_hosts=tuple(allow_host or ()),
        one_event_per_turn=one_event_per_turn,
        accept_tokens=(*(accept_token or ()), *_tokens_in(accept_token_file)),
        idle_exit_minutes=idle_exit,
        sandbox=sandbox.value,
        network=network,
        command_limits=limits.command_limits(
            (command_seconds, command_cpu_seconds, command_memory, command_processes),
            (command_file_size, command_output, workspace_size),
        ),
        user_ceilings=limits.ceilings(user_ceiling_money_usd, user_ceiling_tokens, user_ceiling_seconds),
    )
    raise typer.Exit(run_server(settings, announce=_announce))


def _announce(url: str) -> None:
    print(url, flush=True)  # noqa: T201 - data for standard output


def _tokens_in(path: Path | None) -> list[str]:
    """The tokens in a file, one a line; blank lines and lines that begin with `#` are left out."""
    if path is None:
        return []
    try:
        source = sys.stdin.buffer if str(path) == "-" else path.open("rb")
        with source:
            content = source.read(_LARGEST_TOKEN_FILE_BYTES).decode("utf-8")
    except OSError as error:
        raise ConfigurationError(f"--accept-token-file {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"--accept-token-file {path} is no UTF-8 text") from None
    lines = (line.strip() for line in content.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
