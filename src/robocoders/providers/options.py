"""What the provider takes by keyword, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from robocoders.client.transport import Timeouts
from robocoders.errors import ConfigurationError

if TYPE_CHECKING:
    import aiohttp

__all__ = ["CallOptions"]


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The keyword arguments of one call (`robocoders.typing.ProviderOptions`).

    Attributes:
        base_url: The server's address; None for the usual order.
        timeouts: How long to wait.
        session_id: The session to use; None for the cached one or a new one.
        max_continues: How often to go on by itself at a limit that the server marks.
        steps: Whether the agent's steps are shown, or its answer alone.
    """

    base_url: str | None = None
    timeouts: Timeouts | aiohttp.ClientTimeout = field(default_factory=Timeouts)
    session_id: str | None = None
    max_continues: int = 8
    steps: bool = True

    @classmethod
    def from_keywords(cls, keywords: Mapping[str, Any]) -> Self:
        """Take what is known, ignore the rest; None counts as not given.

        Raises:
            ConfigurationError: A value cannot be used.
        """
        given = {name: value for name, value in keywords.items() if value is not None}
        continues = given.get("max_continues", 8)
        if not isinstance(continues, int) or continues < 0:
            raise ConfigurationError(f"max_continues is a number of times, 0 or more; it is {continues!r}")
        return cls(
            base_url=_text(given, "base_url"),
            timeouts=_timeouts(given.get("timeout")),
            session_id=_text(given, "session_id"),
            max_continues=continues,
            steps=bool(given.get("steps", True)),
        )

    @classmethod
    def of_session(cls, session: aiohttp.ClientSession) -> Self:
        """Take over the timeout of somebody's session, unless it is aiohttp's own default."""
        from aiohttp.client import DEFAULT_TIMEOUT  # noqa: PLC0415 - importing the provider loads no third-party module

        return cls() if session.timeout == DEFAULT_TIMEOUT else cls(timeouts=session.timeout)

    @property
    def connect_seconds(self) -> float:
        """How long to wait for a connection at most, however often it is tried."""
        if isinstance(self.timeouts, Timeouts):
            return self.timeouts.connect or 0.0
        limits = (self.timeouts.connect, self.timeouts.sock_connect, self.timeouts.total)
        return min((limit for limit in limits if limit), default=Timeouts().connect or 0.0)


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise ConfigurationError(f"{name} is text; it is a {type(value).__name__}")


def _timeouts(timeout: Any) -> Timeouts | aiohttp.ClientTimeout:
    if timeout is None:
        return Timeouts()
    if isinstance(timeout, (int, float)) and timeout > 0:
        return Timeouts(idle=float(timeout))
    import aiohttp  # noqa: PLC0415 - importing the provider loads no third-party module

    if isinstance(timeout, aiohttp.ClientTimeout):
        return timeout
    raise ConfigurationError(f"timeout is a number of seconds above 0 or an aiohttp.ClientTimeout; it is {timeout!r}")
