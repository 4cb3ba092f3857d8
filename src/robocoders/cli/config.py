"""`robocoders config show`: each setting, and where its value came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import typer

from robocoders.client import places
from robocoders.client.configuration import SettingName, resolve_all

__all__ = ["application", "show"]

_WITHOUT: Final[Mapping[SettingName, str]] = {
    "base_url": "(your server here)",
    "api_token": "(signs in by itself)",
    "model": "offline",
    "model_url": "(where the model's provider is)",
    "data_dir": "",
    "database_url": "(a file in data_dir)",
}
"""What holds where nobody has named a value."""

application = typer.Typer(help="The settings.", no_args_is_help=True, rich_markup_mode=None)


@application.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction] - keeps `show` a subcommand of its own
    """The settings: a flag wins over the environment, that over the user file, that over the default."""


@application.command("show")
def show() -> None:
    """Print each setting and where its value came from; a token is never shown."""
    for setting in resolve_all():
        shown = setting.shown or _WITHOUT[setting.name]
        print(f"{setting.name:<13} {shown:<40} {setting.origin} {setting.place}".rstrip())  # noqa: T201 - data
    print(f"{'user file':<13} {places.config_file()}")  # noqa: T201 - data for standard output
