"""`robocoders eval`: how well a language model repairs small repositories."""

from __future__ import annotations

import asyncio
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robocoders.cli.exit_codes import ExitCode
from robocoders.cli.options import JsonlOption, ModelOption
from robocoders.cli.terminal import say
from robocoders.client.configuration import resolve
from robocoders.errors import ConfigurationError

if TYPE_CHECKING:
    from robocoders.evaluating.cases import Case
    from robocoders.evaluating.evaluation import Evaluation
    from robocoders.evaluating.results import Result

__all__ = ["evaluate"]

_ModelUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="ROBOCODERS_MODEL_URL",
        help="A model server that speaks OpenAI's dialects, up to its /v1.",
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where results are kept; without it a folder of the model's name here."),
]
_Only = Annotated[list[str] | None, typer.Option("--only", metavar="ID", help="Only this case; repeatable.")]
_Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", min=1, help="The longest one case may take.")
]


def evaluate(
    *,
    model: ModelOption = None,
    model_url: _ModelUrl = None,
    out: _Out = None,
    only: _Only = None,
    timeout: _Timeout = None,
    jsonl: JsonlOption = False,
) -> None:
    """Let a language model repair small repositories, and judge it by hidden tests, all of it sealed off.

    Results are kept in DIR, and a case that was judged is not run again: the same command goes on where it was stopped.
    The exit code is 0 when every case was judged, whatever came of it.
    """
    from robocoders.agents.models import resolve_model  # noqa: PLC0415 - needs the extra `server`
    from robocoders.evaluating.cases import select, shipped_cases  # noqa: PLC0415
    from robocoders.evaluating.evaluation import DEFAULT_SECONDS, Evaluation  # noqa: PLC0415

    name = resolve("model", model).value
    address = resolve("model_url", model_url).value
    if name is None:
        raise ConfigurationError("Name the language model that is to be evaluated: --model PROVIDER:NAME")
    evaluation = Evaluation(
        model=name,
        make_model=functools.partial(resolve_model, name, address),
        directory=out or Path("robocoders-eval", re.sub(r"[^\w.-]+", "-", name)),
        cases=select(shipped_cases(), only or ()),
        model_url=address,
        seconds=timeout or DEFAULT_SECONDS,
    )
    evaluation.make_model()  # A name, a key or an address that cannot be used is told before anything is done.
    results = asyncio.run(_run(evaluation, jsonl=jsonl))
    if not jsonl:
        from robocoders.evaluating.table import table  # noqa: PLC0415 - loads what results are made of

        print(table(results))  # noqa: T201 - data for standard output
    say(f"Kept in {evaluation.directory}")
    if any(result.status == "error" for result in results):
        say("Where the model gave no answer, the same command tries again.")
        raise typer.Exit(ExitCode.FAILED)


async def _run(evaluation: Evaluation, *, jsonl: bool) -> list[Result]:
    from robocoders.evaluating.evaluation import evaluate as run  # noqa: PLC0415 - needs the extra `server`
    from robocoders.evaluating.results import encode  # noqa: PLC0415

    results: list[Result] = []
    async for result in run(evaluation, begins=_say_begins):
        results.append(result)
        if jsonl:
            print(encode(result).decode(), flush=True)  # noqa: T201 - data for standard output
        say(f"{result.case}: {result.status}")
    return results


def _say_begins(case: Case) -> None:
    say(f"{case.id}: {case.title} ...")
