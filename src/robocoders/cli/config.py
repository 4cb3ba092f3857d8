"""`robocoders config show`: each setting, and where its value came from."""

from __future__ import annotations

import typer

from robocoders.client import places
from robocoders.client.configuration import Setting, resolve_all

__all__ = ["application", "show"]

application = typer.Typer(help="The settings.", no_args_is_help=True, rich_markup_mode=None)


@application.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction] - keeps `show` a subcommand of its own
    """The settings: a flag wins over the environment, that over the user file, that over the default."""


@application.command("show")
def show() -> None:
    """Print each setting and where its value came from; a token is never shown."""
    for setting in resolve_all():
        print(f"{setting.name:<13} {setting.shown or '(none)':<40} {_origin(setting)}".rstrip())  # noqa: T201
    print(f"{'user file':<13} {places.config_file()}")  # noqa: T201 - data for standard output


def _origin(setting: Setting) -> str:
    return f"{setting.origin} {setting.place}".rstrip()
