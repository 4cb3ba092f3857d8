from __future__ import annotations

import pytest

from robocoders import ConfigurationError
from robocoders.client.addresses import is_loopback, normal_address


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("http://127.0.0.1:8760", "http://127.0.0.1:8760"),
        (" HTTP://Localhost:8760/ ", "http://localhost:8760"),
        ("https://api.example.org", "https://api.example.org:443"),
        ("http://example.org/robo//", "http://example.org:80/robo"),
        ("http://[::1]:9/", "http://[::1]:9"),
    ],
)
def test_spellings_of_one_address_become_one(given: str, normal: str) -> None:
    """Promise: addresses always have their port; a sign-in key goes to the exact address."""
    assert normal_address(given) == normal
    assert normal_address(normal) == normal


@pytest.mark.parametrize(
    "given",
    [
        "",
        "127.0.0.1:8760",
        "ftp://example.org",
        "http://",
        "http://host:99999",
        "http://ho st",
        "http://ho\x00st",
        "http://a..b",
        "http://[::1",
        "http://me:secret@host",
        "http://host?token=secret",
        "http://host#secret",
        "http://me:secret@host:port",
    ],
)
def test_what_is_no_address_is_refused_without_its_secrets(given: str) -> None:
    """Promise: errors, ConfigurationError; SECURITY, no secret in an error."""
    with pytest.raises(ConfigurationError) as caught:
        normal_address(given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:1", True),
        ("http://a.localhost.", True),
        ("http://127.9.9.9", True),
        ("https://[::1]:9", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
    ],
)
def test_loopback_is_recognized(url: str, *, loopback: bool) -> None:
    """Promise: loopback never goes through an environment's proxy."""
    assert is_loopback(url) is loopback
