from __future__ import annotations

import importlib
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import robocoders
import robocoders.client
from robocoders import errors
from robocoders.errors import APIStatusError, RobocodersError

ROOT = Path(__file__).resolve().parents[2]


def _all_errors() -> list[type[RobocodersError]]:
    found: list[type[RobocodersError]] = [RobocodersError]
    for kind in found:
        found.extend(sub for sub in kind.__subclasses__() if sub.__module__ == errors.__name__)
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("module", [robocoders, robocoders.client, errors])
def test_the_public_names_are_sorted_and_there(module: object) -> None:
    """Promise: the public surface is a sorted list."""
    names: list[str] = getattr(module, "__all__")  # noqa: B009 - a module of any kind
    assert names == sorted(names, key=str.casefold) or names == sorted(names)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert getattr(module, name) is not None
        assert name in dir(module)


@pytest.mark.parametrize("name", ["robocoders", "robocoders.client"])
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    """Promise: the public surface is a sorted list, and nothing else."""
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'Nonsense'"):
        getattr(importlib.import_module(name), "Nonsense")  # noqa: B009 - not known to any checker


_LOADED = """
import sys
before = set(sys.modules)
import {imported}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(loaded - set(sys.stdlib_module_names)))
"""


@pytest.mark.parametrize(
    "imported",
    ["robocoders", "robocoders.client", "robocoders.client.configuration", "robocoders.client.discovery"],
)
def test_importing_loads_no_third_party_module(imported: str) -> None:
    """Promise: `import robocoders` loads no third-party module."""
    command = [sys.executable, "-c", _LOADED.format(imported=imported)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["robocoders"]


def test_importing_loads_no_other_module_of_the_package() -> None:
    """Promise: `import robocoders` does no work."""
    program = "import sys, robocoders; print(*[name for name in sys.modules if name.startswith('robocoders.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_making_a_client_loads_no_http_library() -> None:
    """Promise: the HTTP library is imported at the first request."""
    program = (
        "import sys; from robocoders import AsyncRobocoders; AsyncRobocoders('http://127.0.0.1:1');"
        "print('aiohttp' in sys.modules, 'bs4' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False False\n"


@pytest.mark.parametrize("kind", _all_errors())
def test_every_error_survives_pickling(kind: type[RobocodersError]) -> None:
    """Promise: errors carry data and survive pickling."""
    data: dict[str, object] = {"session_id": "s", "request_id": "r", "last_event_id": 7}
    if issubclass(kind, APIStatusError):
        data |= {"status": kind.expected_status or 500, "body": {"detail": "x"}, "retry_after_seconds": 1.5}
    error = kind("what is wrong", **data)  # pyright: ignore[reportArgumentType] - checked above
    error.add_note("a note")
    copy: RobocodersError = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == "what is wrong"
    assert copy.__dict__ == error.__dict__
    assert copy.__notes__ == ["a note"]


def test_the_drawn_tree_of_errors_is_the_true_one() -> None:
    """Promise: the module of errors draws its tree."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^    (?P<branch>[│├└─ ]*)(?P<name>\w+Error)\b", line)
        if match is None:
            continue
        depth = len(match["branch"]) // 4
        above[depth:] = [match["name"]]
        if depth:
            drawn[match["name"]] = above[depth - 1]
    assert drawn == {kind.__name__: kind.__bases__[0].__name__ for kind in _all_errors()[1:]}


def test_every_error_is_listed() -> None:
    """Promise: the module of errors lists all of them."""
    assert sorted(kind.__name__ for kind in _all_errors()) == sorted(errors.__all__)
