"""The FastAPI application, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI

from robocoders import __version__
from robocoders.engine.runner import Engine
from robocoders.server.access import Access
from robocoders.server.documentation import DESCRIPTION, install_documentation
from robocoders.server.edge import Activity, Edge
from robocoders.server.failures import install_error_handlers
from robocoders.server.hosts import HostRule
from robocoders.server.openai import chat as openai_chat
from robocoders.server.openai import models as openai_models
from robocoders.server.openai import responses as openai_responses
from robocoders.server.routes import chat, events, health, original, sessions, sign_in
from robocoders.server.service import Service
from robocoders.server.settings import Settings
from robocoders.store import Store, system_clock_us

__all__ = ["create_app", "service_of"]


def create_app(
    settings: Settings,
    store: Store,
    engine: Engine,
    access: Access,
    *,
    now_us: Callable[[], int] = system_clock_us,
) -> FastAPI:
    """The application on a store that is open and an engine that has started; whoever calls this ends both."""
    service = Service(settings, store, engine, access, Activity(now_us), now_us)
    app = FastAPI(
        title="robocoders",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    modules = (sign_in, original, chat, sessions, events, openai_models, openai_chat, openai_responses, health)
    routers = [module.router for module in modules]
    for router in routers:
        app.include_router(router)
    install_documentation(app)
    install_error_handlers(app, routers)
    app.add_middleware(Edge, hosts=HostRule(settings), activity=service.activity)
    return app


def service_of(app: FastAPI) -> Service:
    """The parts that an application of `create_app` works with."""
    return app.state.service
