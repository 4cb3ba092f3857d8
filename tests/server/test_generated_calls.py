from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import generated_calls
from tests.support.repository import ROOT
from tests.support.service import RunningService, running_service

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "missing_required_header",
    "ignored_auth",
    "use_after_free",
)
"""All but those that ask for what a description cannot say: that a valid call names something that exists."""


def generated_calls_to(service: RunningService, folder: Path, token: str | None, examples: int) -> dict[str, Any]:
    """Let Schemathesis call all routes, as its own command does; return its report."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": generated_calls.__name__}
    # The order of sets is part of what is generated.
    environment["PYTHONHASHSEED"] = "0"
    if token is not None:
        environment |= {generated_calls.TOKEN: token, generated_calls.SIGN_IN_KEY: service.sign_in_key}
    command = (
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/openapi.json"),
        *("--checks", ",".join(CHECKS), "--max-examples", str(examples), "--seed", "1", "--workers", "1"),
        *("--generation-database", "none", "--continue-on-failure", "--request-timeout", "10", "--no-color"),
        *("--report", "json", "--report-json-path", "report.json"),
    )
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=115, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads((folder / "report.json").read_bytes())


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize("run", [(True, 90, 3500), (False, 25, 1500)], ids=["signed-in", "without-token"])
def test_thousands_of_generated_calls_find_nothing(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    run: tuple[bool, int, int],
) -> None:
    """Promise: /openapi.json (Schemathesis, 5,000 calls and more with and without a token, finds nothing wrong)."""
    signed_in, examples, least = run
    # Less often than a caller gives up: an answer without end is a finding, too.
    with running_service(tmp_path / "data", heartbeat_seconds=25) as service:
        description = service.send("GET", "/openapi.json").json
        report = generated_calls_to(service, tmp_path, service.token() if signed_in else None, examples)
        # The description itself has been read before, and is not called again.
        others = sum(len(operations) for path, operations in description["paths"].items() if path != "/openapi.json")
        assert report["operations"]["tested"] == others
        assert (report["failures"], report["errors"], report["stop_reason"]) == ([], [], "completed")
        assert report["test_cases"]["generated"] >= least
        assert not report["warnings"]["unresolvable_reference"]
        if signed_in:
            # What a route does was reached everywhere, not only its refusals.
            assert not report["warnings"]["missing_auth"]
            assert not report["warnings"]["missing_test_data"]
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
        assert service.send("GET", "/readyz").status == 200
