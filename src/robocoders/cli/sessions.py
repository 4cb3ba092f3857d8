"""`robocoders sessions`: what was asked before, and what runs."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import shutil
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from robocoders.cli.connecting import checked_limits, target
from robocoders.cli.exit_codes import ExitCode
from robocoders.cli.options import BaseUrlOption, JsonlOption, LimitOption, SessionArgument
from robocoders.cli.terminal import printable, say

if TYPE_CHECKING:
    from robocoders.client import AsyncRobocoders, SessionInfo
    from robocoders.events import Event

__all__ = ["application", "cancel", "delete", "events", "limit", "list_sessions", "show"]

application = typer.Typer(help="Your sessions on a server.", no_args_is_help=True, rich_markup_mode=None)

_T = TypeVar("_T")
_LONGEST_ROW_CHARACTERS = 200


@application.command("list")
def list_sessions(base_url: BaseUrlOption = None, *, jsonl: JsonlOption = False) -> None:
    """List your sessions, newest first: id, state, prompts, time of the last one (UTC), workspace."""
    found = _with_client(base_url, lambda client: client.sessions())
    for session in found:
        if jsonl:
            _print_json(session)
        else:
            when = session.last_prompt_at or session.created_at
            prompts = f"{session.turns} prompt{'' if session.turns == 1 else 's'}"
            _print(f"{session.id}  {session.state:<7}  {prompts:>10}  {when[:19]:<19}  {session.workspace or ''}")
    if not found:
        say("There are no sessions.")


@application.command("show")
def show(sid: SessionArgument, base_url: BaseUrlOption = None, *, jsonl: JsonlOption = False) -> None:
    """Say what the server knows of one session."""
    session = _with_client(base_url, lambda client: client.session(sid).info())
    if jsonl:
        _print_json(session)
        return
    for name, value in (
        ("id", session.id),
        ("state", session.state),
        ("created", session.created_at),
        ("last prompt", session.last_prompt_at or "never"),
        ("prompts", session.turns),
        ("last event", session.last_event_id),
        ("model", session.model or "the server's"),
        ("workspace", session.workspace or "private"),
        ("limits", json.dumps(session.limits) if session.limits else "none of its own"),
        ("spent", _spent(session.spent)),
        ("network", "on" if session.network else "off"),
    ):
        _print(f"{name:<12} {value}")


@application.command("events")
def events(
    sid: SessionArgument,
    after: Annotated[int, typer.Option(metavar="ID", min=0, help="Only events with a greater id.")] = 0,
    base_url: BaseUrlOption = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    jsonl: JsonlOption = False,
) -> None:
    """Print a session's events: id, time (UTC), name, text."""

    async def run(client: AsyncRobocoders) -> None:
        await _print_events(client.session(sid).events(after, follow=follow), jsonl=jsonl)

    _with_client(base_url, run)


@application.command("limit")
def limit(sid: SessionArgument, limits: LimitOption = None, base_url: BaseUrlOption = None) -> None:
    """Change a session's limits, from its next prompt on; NAME= takes one away. The one way to lift a ceiling."""
    changes = checked_limits(limits)

    async def run(client: AsyncRobocoders) -> SessionInfo:
        session = client.session(sid)
        known = await session.info()
        if not changes:
            return known
        changed = {name: value for name, value in {**known.limits, **changes}.items() if value is not None}
        return await session.set_limits(changed)

    _print(json.dumps(_with_client(base_url, run).limits))


@application.command("cancel")
def cancel(sid: SessionArgument, base_url: BaseUrlOption = None) -> None:
    """Stop what a session is doing."""
    if _with_client(base_url, lambda client: client.session(sid).cancel()):
        _print(f"cancelled {sid}")
    else:
        say("The session was doing nothing.")


@application.command("delete")
def delete(
    sid: SessionArgument,
    base_url: BaseUrlOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a session with its events, for good."""
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write(f"Delete the session {sid} with its events for good? y/N ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise typer.Exit(ExitCode.FAILED)
    _with_client(base_url, lambda client: client.session(sid).delete())
    _print(f"deleted {sid}")


def _spent(spent: dict[str, Any]) -> str:
    """What a session has used up, for a person."""
    if not spent:
        return "not told by this server"
    money, tokens, seconds = (spent.get(name) or 0 for name in ("money_usd", "tokens", "seconds"))
    return f"${money:.6f}, {tokens} tokens, {seconds:.0f} s of work"


def _with_client(base_url: str | None, use: Callable[[AsyncRobocoders], Awaitable[_T]]) -> _T:
    from robocoders.client import AsyncRobocoders  # noqa: PLC0415 - loads the HTTP client

    address = target(base_url).base_url

    async def run() -> _T:
        async with AsyncRobocoders(address) as client:
            return await use(client)

    return asyncio.run(run())


async def _print_events(stream: AsyncGenerator[Event], *, jsonl: bool) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _LONGEST_ROW_CHARACTERS
    async with aclosing(stream):
        async for event in stream:
            if jsonl:
                sys.stdout.buffer.write(event.raw + b"\n")
                sys.stdout.buffer.flush()
            else:
                text = " ".join(event.text.split())
                row = f"{event.id or '':>6}  {(event.timestamp or '')[:19]:<19}  {event.name:<11}  {text}".rstrip()
                _print(row if len(row) <= width else row[: width - 1] + "…")


def _print_json(session: SessionInfo) -> None:
    print(json.dumps(dataclasses.asdict(session)))  # noqa: T201 - data for standard output


def _print(text: str) -> None:
    print(printable(text) if sys.stdout.isatty() else text, flush=True)  # noqa: T201 - data for standard output
