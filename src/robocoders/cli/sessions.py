"""`robocoders sessions`: what was asked before, and what runs."""

from __future__ import annotations
import typer

application = typer.Typer(help="The sessions of yours on a server.", no_args_is_help=True, rich_markup_mode=None)


@application.command("list")
def list_sessions() -> None:
    """List."""
