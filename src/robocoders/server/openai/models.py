"""The routes that list and show models: the agents."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from robocoders.server.openai.answers import ANYWHERE, failing
from robocoders.server.openai.bodies import Model, ModelList
from robocoders.server.openai.language_models import checked_model
from robocoders.server.service import CallerDep, ServiceDep
from robocoders.wire.openai.models import model_list, model_object

__all__ = ["router"]

router = APIRouter(prefix="/v1/models", tags=["openai"])

_CREATED: Final = 1_735_689_600
"""The beginning of 2025: clients want a time, and agents have none."""


@router.get("", summary="List the agents as models", response_model=ModelList, responses=ANYWHERE)
async def list_models(_caller: CallerDep) -> JSONResponse:
    """The agents. Each can also be named with a language model, `AGENT/PROVIDER:NAME`; these are not listed."""
    return JSONResponse(model_list(_CREATED))


@router.get(
    "/{model:path}",
    summary="Show an agent as a model",
    response_model=Model,
    responses=ANYWHERE | failing(s404="No agent is called so, or its language model cannot be had here."),
)
async def show_model(model: str, service: ServiceDep, _caller: CallerDep) -> JSONResponse:
    """An agent, alone or with a language model that can be had here."""
    await checked_model(service, model)
    shown: dict[str, Any] = model_object(model, _CREATED)
    return JSONResponse(shown)
