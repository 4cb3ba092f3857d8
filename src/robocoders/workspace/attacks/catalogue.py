"""All attempts."""

from __future__ import annotations

from robocoders.workspace.attacks.attempt import Attempt
from robocoders.workspace.attacks.on_disk import ON_DISK
from robocoders.workspace.attacks.on_file_tools import ON_FILE_TOOLS
from robocoders.workspace.attacks.on_kernel import ON_KERNEL
from robocoders.workspace.attacks.on_memory import ON_MEMORY
from robocoders.workspace.attacks.on_network import ON_NETWORK
from robocoders.workspace.attacks.on_objects import ON_OBJECTS
from robocoders.workspace.attacks.on_outside_files import ON_OUTSIDE_FILES
from robocoders.workspace.attacks.on_processes import ON_PROCESSES
from robocoders.workspace.attacks.on_secrets import ON_SECRETS
from robocoders.workspace.attacks.on_time import ON_TIME

__all__ = ["ATTEMPTS"]

ATTEMPTS: tuple[Attempt, ...] = (
    *ON_SECRETS,
    *ON_OUTSIDE_FILES,
    *ON_PROCESSES,
    *ON_NETWORK,
    *ON_KERNEL,
    *ON_OBJECTS,
    *ON_MEMORY,
    *ON_DISK,
    *ON_TIME,
    *ON_FILE_TOOLS,
)
"""In the order in which they are made."""
