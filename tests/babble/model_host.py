"""Runs the model server, with that server's own interpreter: nothing of this project is imported here.

It prints its address, and ends when its standard input does.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any


def main(model: str, alias: str, wishes: dict[str, Any]) -> None:
    """Serve a model on loopback.

    Args:
        model: The GGUF file.
        alias: What clients call the model.
        wishes: `context` and `longest_answer` in tokens, `tools`: whether the server is to know tools, and `seed`.
    """
    # Only the server's own environment has it.
    library: Any = importlib.import_module("xllamacpp")
    parameters = library.CommonParams()
    parameters.model.path = model
    parameters.model_alias = alias
    parameters.port = 0
    parameters.n_parallel = 1
    parameters.n_ctx = wishes["context"]
    parameters.n_predict = wishes["longest_answer"]
    parameters.use_jinja = wishes["tools"]
    parameters.sampling.seed = wishes["seed"]
    # All that chance offers, the improbable, too.
    parameters.sampling.temp = parameters.sampling.top_p = 1.0
    parameters.sampling.top_k = 0
    parameters.sampling.min_p = 0.0
    parameters.endpoint_metrics = True
    parameters.fit_params = False
    parameters.warmup = False
    for processors in (parameters.cpuparams, parameters.cpuparams_batch):
        processors.n_threads = 1
    server = library.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
