"""How a server is to run: what the flags of `robocoders serve` say, checked."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from robocoders.client import places
from robocoders.errors import ConfigurationError
from robocoders.server.addresses import is_loopback, split_host

if TYPE_CHECKING:
    from robocoders.agents.budget import Ceilings
    from robocoders.workspace.seal import Limits

__all__ = ["Auth", "Sandbox", "Settings"]

Auth = Literal["local", "open"]
Sandbox = Literal["bubblewrap", "none"]

_KEYS = ("_API_KEY", "_API_KEY_FILE")

_LONGEST_HEARTBEAT_SECONDS = 25.0
"""Some old clients give up after 30 s of silence (protocol fact)."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a server is to run. What cannot be used is refused at once.

    Args:
        host: The address or name to listen on.
        port: The port; 0 takes a free one.
        auth: `local`: `/auth` wants the sign-in key; `open`: it shows a token to anyone on this machine.
        data_dir: Where the server keeps its things; it has one owner at a time.
        model: The language model for sessions that name none.
        model_url: The address of a server that speaks OpenAI's dialects, for models that are reached there.
        database_url: The event log's database; None for a file in the data directory.
        tls_cert: The certificate chain, PEM; needs `tls_key`.
        tls_key: The certificate's private key, PEM, without a password.
        allow_hosts: Further names (`NAME` or `NAME:PORT`) that `Host` and `Origin` may have.
        one_event_per_turn: The plain stream of a turn is its last event alone.
        accept_tokens: Bearer tokens that are valid because they stand here.
        idle_exit_minutes: Stop by itself after so many minutes without a request and without a running turn.
        heartbeat_seconds: A silent stream carries a blank line so often.
        sandbox: What seals the commands of agents; `none` runs them bare, for throw-away containers.
        network: Whether the commands of new sessions reach the network unless a session says otherwise, and whether
            others than the server's own user may ask for that.
        command_limits: What the commands of one prompt may use together; None for the usual limits.
        user_ceilings: What all sessions of one user may use up together; None for no ceiling.

    Raises:
        ConfigurationError: A value cannot be used; the message names its flag.
    """

    host: str = "127.0.0.1"
    port: int = 8760
    auth: Auth = "local"
    data_dir: Path = field(default_factory=places.data_dir)
    model: str = "offline"
    model_url: str | None = None
    database_url: str | None = field(default=None, repr=False)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    allow_hosts: tuple[str, ...] = ()
    one_event_per_turn: bool = False
    accept_tokens: tuple[str, ...] = field(default=(), repr=False)
    idle_exit_minutes: float | None = None
    heartbeat_seconds: float = 10.0
    sandbox: Sandbox = "bubblewrap"
    network: bool = False
    command_limits: Limits | None = None
    user_ceilings: Ceilings | None = None

    def __post_init__(self) -> None:
        if not self.host:
            raise ConfigurationError("--host needs an address or a name")
        if not 0 <= self.port <= 65_535:
            raise ConfigurationError(f"--port {self.port} is no port: give a number from 0 (any free one) to 65535")
        if self.auth not in ("local", "open"):
            raise ConfigurationError(f"--auth {self.auth!r} is unknown: give local or open")
        if self.auth == "open" and not is_loopback(self.host):
            raise ConfigurationError(
                f"--auth open hands a token to anyone who asks, so it is refused on {self.host!r}: "
                "listen on 127.0.0.1, ::1 or localhost, or use --auth local"
            )
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigurationError("--tls-cert and --tls-key belong together: give both or neither")
        self._check_hosts_and_tokens()
        self._check_sandbox()
        _check_positive("--idle-exit", self.idle_exit_minutes, math.inf)
        _check_positive("the heartbeat", self.heartbeat_seconds, _LONGEST_HEARTBEAT_SECONDS)

    def _check_hosts_and_tokens(self) -> None:
        for name in self.allow_hosts:
            if split_host(name) is None or "*" in name:
                raise ConfigurationError(f"--allow-host {name!r} is no host name: give NAME or NAME:PORT, no wildcard")
        for token in self.accept_tokens:
            if len(token) < 8 or not all("!" <= character <= "~" for character in token):
                raise ConfigurationError(
                    "--accept-token wants at least 8 printable ASCII characters without spaces (one of those given "
                    "is not like that)"
                )

    def _check_sandbox(self) -> None:
        if self.sandbox not in ("bubblewrap", "none"):
            raise ConfigurationError(f"--sandbox {self.sandbox!r} is unknown: give bubblewrap or none")
        if self.sandbox == "none" and not is_loopback(self.host):
            raise ConfigurationError(
                "--sandbox none lets whoever may ask an agent run anything with the server's own rights, so it is "
                f"refused on {self.host!r}: listen on 127.0.0.1, ::1 or localhost, or use --sandbox bubblewrap"
            )
        limits = {} if self.command_limits is None else asdict(self.command_limits)
        for name, value in limits.items():
            _check_positive(f"the limit {name}", value, math.inf)

    @property
    def database(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'robocoders.db'}"

    @property
    def flags(self) -> tuple[str, ...]:
        """What tells two servers on one data directory apart, besides where they listen; nothing secret in it.

        Tokens, keys and addresses of databases appear as a fingerprint, since they matter and are nobody's business.
        """
        keys = sorted(f"{name}={value}" for name, value in os.environ.items() if name.endswith(_KEYS))
        return (
            f"auth={self.auth}",
            f"model={self.model}",
            *(f"allow-host={name}" for name in self.allow_hosts),
            # An address may hold more than it should.
            *(f"model-url={_fingerprint((url,))}" for url in (self.model_url,) if url is not None),
            *((f"sandbox={self.sandbox}",) if self.sandbox != "bubblewrap" else ()),
            *(("network",) if self.network else ()),
            *(f"command-limits={limits}" for limits in (self.command_limits,) if limits is not None),
            *(f"user-ceilings={ceilings}" for ceilings in (self.user_ceilings,) if ceilings is not None),
            *(f"tls-cert={path}" for path in (self.tls_cert,) if path is not None),
            *(("one-event-per-turn",) if self.one_event_per_turn else ()),
            # Whoever finds a server without this flag knows that a person started it and will end it.
            *(("idle-exit",) if self.idle_exit_minutes is not None else ()),
            *(f"accept-tokens={_fingerprint(tokens)}" for tokens in (self.accept_tokens,) if tokens),
            *(f"database={_fingerprint((url,))}" for url in (self.database_url,) if url is not None),
            *(f"model-keys={_fingerprint(tuple(keys))}" for _ in keys[:1]),
        )


def _fingerprint(values: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:12]


def _check_positive(name: str, value: float | None, most: float) -> None:
    if value is not None and not 0 < value <= most:
        bound = "" if math.isinf(most) else f" and at most {most:g}"
        raise ConfigurationError(f"{name} {value:g} cannot be used: give a number above 0{bound}")
