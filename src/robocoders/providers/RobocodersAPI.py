# ruff: noqa: N999 - the module is called like its class, as its users import it
"""The provider class for the Robocoders protocol, with the surface its users know (promise of its documentation)."""

from __future__ import annotations

from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from robocoders.client import places
from robocoders.client.credentials import CredentialCache
from robocoders.client.delivery import Prompt
from robocoders.client.private_files import make_private_directory
from robocoders.errors import ConfigurationError
from robocoders.providers.answer import answer_pieces
from robocoders.providers.base_provider import AsyncGeneratorProvider, ProviderModelMixin
from robocoders.providers.connection import Methods, ServerConnection
from robocoders.providers.destination import HOSTED_ENDPOINT, address_of_endpoint, find_destination, warn_once
from robocoders.providers.first_contact import WatchedTransport
from robocoders.providers.lookup import PathOfClass, follows_lookup, looked_up_class
from robocoders.providers.options import CallOptions
from robocoders.typing import AsyncResult, Messages
from robocoders.wire.login import require_page_parser
from robocoders.wire.prompts import prompt_from_messages
from robocoders.wire.protocol import AGENT_NAMES, DEFAULT_AGENT

if TYPE_CHECKING:
    import aiohttp

__all__ = ["RobocodersAPI"]


class RobocodersAPI(AsyncGeneratorProvider, ProviderModelMixin):
    """Asks coding agents over the Robocoders protocol and keeps the token and the session for the next time.

    A subclass that replaces `api_endpoint`, `CACHE_DIR` or `CACHE_FILE` has a life of its own: the static methods work
    on the class on which they were looked up. `working` describes the hosted service, which is dark.
    """

    label = "API Robocoders AI"
    url = "https://api.robocoders.ai/docs"
    api_endpoint = HOSTED_ENDPOINT
    working = False
    supports_message_history = True
    default_model = DEFAULT_AGENT
    agent: ClassVar[list[str]] = [default_model, *AGENT_NAMES[1:]]
    models: ClassVar[list[str]] = [*agent]

    CACHE_DIR: ClassVar[Path] = cast("Path", PathOfClass(lambda _: places.cache_dir()))
    CACHE_FILE: ClassVar[Path] = cast("Path", PathOfClass(lambda cls: Path(cls.CACHE_DIR) / "robocoders.json"))

    @classmethod
    async def create_async_generator(
        cls,
        model: str,
        messages: Messages,
        proxy: str = None,  # noqa: RUF013 # pyright: ignore[reportArgumentType] - a promise, word for word
        **kwargs: Any,
    ) -> AsyncResult:
        """Send a conversation and yield the agent's answer in pieces; joined without a separator they read as text.

        Nothing happens before the first step. At a resource limit it continues by itself. Closing the generator
        closes the connection; the run at the server goes on, and its session is not used again.

        Args:
            model: The agent's name; empty for the default.
            messages: Mappings with `role` and `content` (text, or a list of parts, of which the text counts). One
                message is sent as it is, several as `Role: content` lines with `Assistant:` at the end.
            proxy: The address of an HTTP proxy that serves every request, `http://[user:password@]host:port`.
            **kwargs: `base_url`, `timeout`, `session_id`, `max_continues` and `steps`, as
                `robocoders.typing.ProviderOptions` describes them; others are ignored.

        Returns:
            An asynchronous generator of text: each event's message, separated by line feeds where needed.

        Raises:
            ConfigurationError: An argument or setting cannot be used, an unknown agent among them.
            MissingRequirementsError: beautifulsoup4, which signing in takes, is not installed.
            APIConnectionError: Nothing answered; the text says what was tried and how to serve one's own.
            AuthenticationError: 401, and a new sign-in or session did not mend it.
            ValidationError: 422.
            ServerError: 5xx.
            APIStatusError: Any other status that is no success, with a class of its own where it is common.
            StreamError: The answer broke off.
            ProtocolError: The answer is not of this protocol.
        """
        options = CallOptions.from_keywords(kwargs)
        agent = cls.get_model(model)
        text, has_history = prompt_from_messages(messages)
        if not text:
            raise ConfigurationError("The messages hold no text to send")
        transport = WatchedTransport(timeouts=options.timeouts, proxy=proxy)
        try:
            connection = cls._connection(transport, options)
            prompt = Prompt(text, agent, history_in_prompt=has_history)
            async with aclosing(answer_pieces(connection, prompt, options)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            await transport.close()

    @follows_lookup
    @staticmethod
    async def _get_or_create_access_and_session(session: aiohttp.ClientSession) -> tuple[str, str]:
        """Return a token and a session's id: the cached ones where both are there and valid, else new ones.

        The cache directory is made with its parents. A cached session that a conversation is using just now is left
        to it: then a new one is returned, which is not cached.

        Args:
            session: An open `aiohttp.ClientSession`; it is neither closed nor changed.

        Returns:
            `(token, session_id)`.

        Raises:
            RobocodersError: As `_fetch_and_cache_access_token` and `_create_and_cache_session` do.
        """
        cls = _class_of_call()
        with suppress(OSError):
            # Where it cannot be made the cache works in memory, and says so itself.
            make_private_directory(Path(cls.CACHE_DIR))
        connection = cls._connection_over(session)
        with connection.errors_told():
            return await connection.token_and_session()

    @follows_lookup
    @staticmethod
    async def _fetch_and_cache_access_token(session: aiohttp.ClientSession) -> str:
        """Sign in: read the token from the login page, `<pre id="token">`, with BeautifulSoup, and cache it.

        Args:
            session: An open `aiohttp.ClientSession`; it is neither closed nor changed.

        Returns:
            The token, without white space around it.

        Raises:
            MissingRequirementsError: beautifulsoup4 is not installed; no request was made.
            AuthenticationError: The page holds no token, or the server does not sign this caller in.
            RobocodersError: There was no answer, or one with another status.
        """
        require_page_parser()
        cls = _class_of_call()
        connection = cls._connection_over(session)
        with connection.errors_told():
            return await connection.fetch_token()

    @follows_lookup
    @staticmethod
    async def _create_and_cache_session(session: aiohttp.ClientSession, access_token: str) -> str:
        """Ask for a new session and cache its id.

        Args:
            session: An open `aiohttp.ClientSession`; it is neither closed nor changed.
            access_token: The token to ask with.

        Returns:
            The session's id.

        Raises:
            AuthenticationError: 401; what the cache held for this server is cleared.
            ValidationError: 422.
            ProtocolError: The answer holds no `sid`.
            RobocodersError: There was no answer, or one with another status.
        """
        cls = _class_of_call()
        connection = cls._connection_over(session)
        with connection.errors_told():
            return await connection.create_session(access_token)

    @follows_lookup
    @staticmethod
    def _save_cached_data(new_data: dict[str, Any]) -> None:
        """Put `new_data` in the place of all that is cached.

        Args:
            new_data: What to write, as JSON, into `CACHE_FILE` (mode 0600, its directory made where it is missing).

        Raises:
            TypeError: It cannot be written as JSON. A file that cannot be written is logged and raises nothing.
        """
        cls = _class_of_call()
        cls._cache().replace(new_data)

    @follows_lookup
    @staticmethod
    def _update_cached_data(updated_data: dict[str, Any]) -> None:
        """Put the keys of `updated_data` over those that are cached; a corrupt file counts as empty.

        Args:
            updated_data: What to write over.

        Raises:
            TypeError: It cannot be written as JSON. A file that cannot be written is logged and raises nothing.
        """
        cls = _class_of_call()
        cls._cache().merge(updated_data)

    @follows_lookup
    @staticmethod
    def _clear_cached_data() -> None:
        """Remove the cache file. A failure is logged; nothing is ever raised."""
        cls = _class_of_call()
        cls._cache().clear()

    @follows_lookup
    @staticmethod
    def _get_cached_data() -> dict[str, Any]:
        """Return all that is cached: flat `access_token` and `sid` of the server in `server`, others in `servers`.

        Returns:
            The content of the cache file; empty where it is missing, corrupt, or not one's own. Nothing is raised.
        """
        cls = _class_of_call()
        return cls._cache().read()

    @classmethod
    def _cache(cls) -> CredentialCache:
        try:
            own_server = address_of_endpoint(cls.api_endpoint)
        except ConfigurationError:
            # What asks a server tells of it; what only reads or clears the file has a promise not to raise.
            own_server = None
        return CredentialCache(Path(cls.CACHE_FILE), own_server=own_server)

    @classmethod
    def _connection(cls, transport: WatchedTransport, options: CallOptions) -> ServerConnection:
        methods = Methods(
            token_and_session=cls._get_or_create_access_and_session,
            fetch_token=cls._fetch_and_cache_access_token,
            create_session=cls._create_and_cache_session,
            clear_cache=cls._clear_cached_data,
        )
        destination = find_destination(options.base_url, cls.api_endpoint)
        warn_once(destination)
        return ServerConnection(methods, destination, transport, cls._cache(), connect_seconds=options.connect_seconds)

    @classmethod
    def _connection_over(cls, session: aiohttp.ClientSession) -> ServerConnection:
        """The connection of the running call, or one of its own over somebody's session with that one's timeout."""
        running = ServerConnection.current(session)
        if running is not None:
            return running
        options = CallOptions.of_session(session)
        return cls._connection(WatchedTransport(timeouts=options.timeouts, session=session), options)


def _class_of_call() -> type[RobocodersAPI]:
    return cast("type[RobocodersAPI]", looked_up_class(RobocodersAPI))
