"""The table of routes, each under its plain path and under /api, behind the gate."""

import contextlib
from collections.abc import AsyncGenerator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from darkroom.engine.server import about, images, jobs, prompts
from darkroom.engine.server.engine import Engine
from darkroom.engine.server.gate import Gate
from darkroom.engine.server.replies import TROUBLE, ServerTrouble, nothing, plain


def build(engine: Engine) -> Starlette:
    """The application of one engine."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        engine.start()
        try:
            yield
        finally:
            engine.stop()

    settings = engine.settings
    gate = Middleware(Gate, allowed_hosts=settings.allowed_hosts, limits=settings.limits)
    app = Starlette(
        routes=[*_routes(), Mount("/api", routes=_routes())],
        middleware=[gate],
        exception_handlers={HTTPException: _refused, ServerTrouble: _trouble, Exception: _trouble},
        lifespan=lifespan,
    )
    app.state.engine = engine
    return app


def _routes() -> list[BaseRoute]:
    return [
        Route("/prompt", prompts.state),
        Route("/prompt", prompts.submit, methods=["POST"]),
        Route("/queue", prompts.queue),
        Route("/queue", prompts.change_queue, methods=["POST"]),
        Route("/history", prompts.history),
        Route("/history", prompts.change_history, methods=["POST"]),
        Route("/history/{prompt_id}", prompts.history_of_one),
        Route("/interrupt", prompts.interrupt, methods=["POST"]),
        Route("/free", prompts.free, methods=["POST"]),
        Route("/view", images.view),
        Route("/upload/image", images.upload_image, methods=["POST"]),
        Route("/upload/mask", images.upload_mask, methods=["POST"]),
        Route("/object_info", about.object_info),
        Route("/object_info/{node}", about.object_info_of_one),
        Route("/system_stats", about.system_stats),
        Route("/features", about.feature_list),
        Route("/models", about.model_folders),
        Route("/models/{folder}", about.model_folder),
        Route("/embeddings", about.embeddings),
        # these have no path without /api; under it they exist twice, as ComfyUI's do
        Route("/api/assets", about.assets),
        Route("/api/jobs", jobs.jobs),
        Route("/api/jobs/{job_id}", jobs.job),
        Route("/api/jobs/{job_id}/cancel", jobs.cancel, methods=["POST"]),
        WebSocketRoute("/ws", about.websocket),
    ]


async def _refused(_request: Request, exc: Exception) -> Response:
    """ComfyUI says nothing but the status, except where a body was too large."""
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    too_large = 413
    return (
        plain(str(getattr(exc, "detail", "")), status) if status == too_large else nothing(status)
    )


async def _trouble(_request: Request, _exc: Exception) -> Response:
    return plain(TROUBLE, 500)
