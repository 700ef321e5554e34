"""A function with jobs of its own kinds: it starts them over HTTP, and runs what is dispatched to it.

    jobs = JobFunction("training")

    @jobs.kind("train_model", Training)
    async def train(job: RunningJob, params: Training) -> dict[str, Any]: ...

    @functions_framework.aio.http
    async def training(_request: Request) -> Response:
        return jobs.app

    POST /projects/{project_id}/{kind}   a user's token, the params as JSON: 202, or 409 while the project is busy
    POST /                               a delivery {"job_id"}, as the dispatch makes it

A project's progress, its cancel and the recovery of its job are the library's and cleanup's, whatever the kind.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from uuid import uuid4

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.api_models import JobAccepted, StartedJob
from shared.auth.google_id_tokens import CallerSettings
from shared.auth.users import AuthSettings, get_authenticator
from shared.dispatch.cloud_tasks import CloudTasksSettings
from shared.dispatch.dispatch import DispatchSettings, dispatch
from shared.errors import EditAIError, InvalidRequest, NotFound, PayloadTooLarge, problem_response
from shared.jobs.lifecycle import JobRequest, start_job
from shared.jobs.records import Job
from shared.jobs.start_refusals import log_superseded, start_refusal
from shared.observability.logs import configure_logging
from shared.observability.telemetry import configure_telemetry
from shared.running.delivery import WorkerSettings, deliver
from shared.running.outcome import Outcome
from shared.running.recipes import Recipes
from shared.running.running_job import RunningJob
from shared.serving.functions_framework import serve_functions
from shared.serving.internal_auth import internal_only
from shared.settings import Settings, check_settings, get_settings, read_settings
from shared.storage.factory import StorageSettings

logger = logging.getLogger(__name__)

Params = TypeVar("Params", bound=BaseModel)
Recipe = Callable[[RunningJob, Params], Awaitable[dict[str, Any]]]

MAX_PARAMS_BYTES = 1_000_000


class JobFunction:
    """The application of a function with jobs of its own. Its recipes return the result that is shown with the job."""

    def __init__(self, name: str) -> None:
        """Configure the process as our own functions do. Raises MissingSettings."""
        configure_logging()
        check_settings(
            *(Settings, StorageSettings, AuthSettings, CallerSettings, WorkerSettings),
            *(DispatchSettings, CloudTasksSettings),
        )
        configure_telemetry(name)
        serve_functions()
        self.recipes = Recipes(RunningJob)
        routes = [
            Route("/", internal_only(self._deliver), methods=["POST"]),
            Route("/projects/{project_id}/{kind}", self._start, methods=["POST"]),
        ]
        handlers = {EditAIError: _problem, Exception: _fault}
        self.app = cast("Response", Starlette(routes=routes, exception_handlers=handlers))
        """The application, which the framework calls like any response that a function returns."""

    def kind(self, name: str, params: type[Params]) -> Callable[[Recipe[Params]], Recipe[Params]]:
        """Register the decorated recipe for a kind of job, with the model of its params."""

        def register(recipe: Recipe[Params]) -> Recipe[Params]:
            async def run(job: RunningJob, values: Params) -> Outcome:
                return Outcome(result=await recipe(job, values))

            self.recipes.add(name, params, run)
            return recipe

        return register

    async def _deliver(self, request: Request) -> Response:
        return await deliver(request, self.recipes)

    async def _start(self, request: Request) -> Response:
        """Start a job for a user: 202 with the job, or the problem that keeps it from starting."""
        caller = await get_authenticator().authenticate(request.headers.get("authorization"))
        kind, project_id = request.path_params["kind"], request.path_params["project_id"]
        model = self.recipes.params_of(kind)
        if model is None:
            raise NotFound
        job = JobRequest(
            project_id=project_id,
            owner_id=caller.owner_id,
            kind=kind,
            params=await _params(request, model),
        )
        return _accepted(await _start_and_dispatch(job))


async def _params(request: Request, model: type[BaseModel]) -> dict[str, Any]:
    """The body, validated by the model of the kind's params."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_PARAMS_BYTES:
            raise PayloadTooLarge(f"The params are larger than {MAX_PARAMS_BYTES:,} bytes.")
    try:
        return model.model_validate_json(bytes(body)).model_dump(mode="json")
    except ValidationError as error:
        findings = error.errors(include_url=False, include_input=False, include_context=False)
        parts = [
            {"location": ".".join(map(str, ("body", *part["loc"]))), "message": part["msg"]}
            for part in findings
        ]
        detail = "; ".join(f"{part['location']}: {part['message']}" for part in parts)
        raise InvalidRequest(f"{detail}.", errors=parts) from None


async def _start_and_dispatch(request: JobRequest) -> Job:
    job_id, settings = uuid4(), get_settings()
    start = await start_job(request, settings, job_id=job_id)
    if start.job is None or start.outcome not in ("started", "replayed"):
        raise start_refusal(start, settings)
    log_superseded(request.project_id, start.superseded_job_id)
    await dispatch(job_id, settings, kind=request.kind)
    return start.job


def _accepted(job: Job) -> Response:
    """The 202. Progress and job are read from the library, so PUBLIC_URL is where they are."""
    library = read_settings(StorageSettings).public_url
    url = f"{library}/projects/{job.project_id}/progress"
    started = StartedJob.model_validate(job.model_dump(exclude={"status"}))
    accepted = JobAccepted(job=started, progress_url=url, job_url=f"{library}/jobs/{job.id}")
    content = accepted.model_dump(mode="json")
    return JSONResponse(content, status_code=202, headers={"Location": url})


async def _problem(_request: Request, error: Exception) -> Response:
    return problem_response(error if isinstance(error, EditAIError) else EditAIError())


async def _fault(request: Request, error: Exception) -> Response:
    logger.error("%s failed", request.url.path, exc_info=error)
    return problem_response(EditAIError())
