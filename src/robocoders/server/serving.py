"""`serve`: what `robocoders serve` does, from its settings to its exit status.

The address is taken first and listened on, then the heavy libraries are imported: whoever calls early waits a moment
instead of being refused.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from robocoders import __version__
from robocoders.client.discovery import LocalServer, process_start_time, register, unregister
from robocoders.errors import ConfigurationError
from robocoders.server.binding import listen, tls_context, url_of
from robocoders.server.ownership import owned_data_directory
from robocoders.server.settings import Settings
from robocoders.server.stopping import StopSwitch

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from robocoders.engine.runner import Engine
    from robocoders.server.running import MakeEngine
    from robocoders.store import Store

__all__ = ["serve"]

_log = logging.getLogger("robocoders.server")


def serve(
    settings: Settings,
    *,
    announce: Callable[[str], None],
    stop: StopSwitch | None = None,
    make_engine: MakeEngine | None = None,
    warm_up: Callable[[], None] | None = None,
) -> int:
    """Run a server until SIGINT, SIGTERM, the switch or `--idle-exit` ends it.

    Args:
        settings: How to run.
        announce: Called once with the address, when the server answers and can be discovered.
        stop: Stops the server from another thread.
        make_engine: Makes the engine on the open store; None for the ordinary one.
        warm_up: Called in a thread of its own once the server answers; None: imports what the first prompt needs.

    Returns:
        The exit status, 0.

    Raises:
        ConfigurationError: Something that was given cannot be used: an address, a port, a file, a directory, a
            database. Nothing is left behind.
        StoreError: The database cannot be read or written.
    """
    _log_to_stderr()
    tls = tls_context(settings)
    with owned_data_directory(settings.data_dir) as tell_owner, listen(settings) as listener:
        url = url_of(settings, listener)
        tell_owner(url)
        # The address is taken; from here on things may take their time.
        from robocoders.server.access import new_sign_in_key  # noqa: PLC0415 - reason above
        from robocoders.server.running import run_server  # noqa: PLC0415 - reason above

        sign_in_key = new_sign_in_key()

        async def on_ready() -> None:
            await asyncio.to_thread(_register, settings, url, sign_in_key)
            threading.Thread(target=warm_up or _import_agents, name="robocoders-warm-up", daemon=True).start()
            _tell(settings, url)
            announce(url)

        try:
            asyncio.run(
                run_server(
                    settings,
                    listener,
                    tls,
                    sign_in_key=sign_in_key,
                    make_engine=make_engine or _make_engine,
                    on_ready=on_ready,
                    on_stopping=_unregister,
                    stop=stop or StopSwitch(),
                )
            )
        finally:
            _unregister()  # Again, for a server that failed before it came to stop in order.
    return 0


def _log_to_stderr() -> None:
    """Say on standard error what goes on, unless the program that serves has set up logging of its own."""
    if not logging.getLogger().handlers:
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=form)


def _tell(settings: Settings, url: str) -> None:
    """Say where the server is, and at each start what was knowingly left open."""
    _log.info("serving at %s, data in %s, auth %s", url, settings.data_dir, settings.auth)
    if settings.auth == "open":
        _log.warning("auth is open: %s/auth shows a token to every program on this machine", url)
    if settings.sandbox == "none":
        _log.warning("sandbox is none: agents run any command with all rights of this server's user")
    if settings.network:
        _log.warning("network is on: commands of new sessions reach it, and the programs on this machine")


def _make_engine(store: Store, settings: Settings) -> Engine:
    from robocoders.engine.runner import Engine  # noqa: PLC0415 - imported after the address is taken

    return Engine(
        store,
        data_dir=settings.data_dir.absolute(),
        default_model=settings.model,
        resolve_model=_model_resolver(settings.model_url),
        sandbox=settings.sandbox,
        command_limits=settings.command_limits,
        user_ceilings=settings.user_ceilings,
    )


def _model_resolver(url: str | None) -> Callable[[str], Model] | None:
    """What makes models with a server's address; None where the agents' own way will do."""
    if url is None:
        return None

    def resolve(name: str) -> Model:
        # Imported with the first prompt: it loads the model library.
        from robocoders.agents.models import resolve_model  # noqa: PLC0415

        return resolve_model(name, url)

    return resolve


def _import_agents() -> None:
    """Import what the first prompt needs, so that it does not wait for it."""
    try:
        for name in ("jwt", "robocoders.agents.loop"):
            importlib.import_module(name)
    except ImportError as error:
        _log.warning("the agents cannot be imported: %s", error)


def _register(settings: Settings, url: str, sign_in_key: str) -> None:
    server = LocalServer(
        url=url,
        pid=os.getpid(),
        process_started=process_start_time(os.getpid()),
        data_dir=str(settings.data_dir.resolve()),
        version=__version__,
        auth=settings.auth,
        flags=settings.flags,
        sign_in_key=sign_in_key if settings.auth == "local" else None,
        started_at=datetime.now(UTC).isoformat(),
    )
    try:
        register(server)
    except ConfigurationError as error:
        _log.warning("clients on this machine will not find the server by themselves: %s", error)


def _unregister() -> None:
    try:
        unregister(os.getpid())
    except ConfigurationError as error:
        _log.warning("the server stays on the list of running ones: %s", error)
