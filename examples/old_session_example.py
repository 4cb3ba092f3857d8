"""Sign in and take a session through an aiohttp session of one's own, as tools built on the provider class do."""

from __future__ import annotations

import asyncio

import aiohttp

from robocoders.providers.RobocodersAPI import RobocodersAPI


async def main() -> None:
    """Show the session's id, and that there is a token without showing it."""
    async with aiohttp.ClientSession() as http:
        # Part of the provider's surface, although its name begins with an underscore.
        token, session_id = await RobocodersAPI._get_or_create_access_and_session(http)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    print(f"token: {len(token)} characters, kept in {RobocodersAPI.CACHE_FILE}")
    print(f"session: {session_id}")


if __name__ == "__main__":
    asyncio.run(main())
