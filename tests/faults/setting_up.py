"""From a plan to its report: start a stack of its own, run, and remove the stack."""

import os
import random
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]
import psycopg

from local.parts.functions import LIBRARY_BASE_PATH
from local.programs import CHECKOUT
from shared.database.client import close_supabase
from tests.faults.evidence.entries import AuditReader
from tests.faults.evidence.history import History, HistoryReader
from tests.faults.injection.injector import Injector
from tests.faults.load.load import Load
from tests.faults.report import Report
from tests.faults.rules.model import Model
from tests.faults.rules.responses import Responses
from tests.faults.runner import Plan, Run
from tests.faults.stack.layout import DISPATCH_TTL_SECONDS, LEASE_TTL_SECONDS
from tests.faults.stack.stack import FaultStack
from tests.support.settings import forget_settings

AUDIT = CHECKOUT / "tests" / "faults" / "evidence" / "audit.sql"

_DEFINITIONS = """
    select string_agg(pg_get_functiondef(oid), E';\n') from pg_proc
    where starts_with(proname, 'editai_') and prokind = 'f' and pronamespace = 'public'::regnamespace
"""
_MAX_RETRIES = 10
_EMPTY = (
    "truncate editai_projects, editai_locks, editai_storage_garbage, editai_audit.entries cascade"
)


async def run(plan: Plan) -> Report:
    """Run a plan on a complete stack."""
    stack = FaultStack(seed=plan.seed, workers=plan.workers, with_media=True)
    async with _up(stack) as library:
        return await _prepared(plan, stack, library).all()


async def run_controls(plans: Sequence[Plan]) -> AsyncGenerator[Report]:
    """Run negative controls one after another, on one stack without the library and ffmpeg."""
    workers = plans[0].workers
    stack = FaultStack(
        seed=plans[0].seed,
        workers=workers,
        with_media=False,
        with_library=False,
        overrides=_skewed_hosts(workers),
    )
    async with _up(stack) as library:
        for plan in plans:
            unbroken = _definitions(stack)
            _empty(stack)
            stack.execute(plan.control.sql if plan.control else "")
            yield await _prepared(plan, stack, library).all()
            stack.execute(unbroken)


def _empty(stack: FaultStack) -> None:
    """Remove all rows, with retries: a transaction of the previous run may be in flight and deadlock with this."""
    for _ in range(_MAX_RETRIES):
        try:
            stack.execute(_EMPTY)
        except psycopg.errors.DeadlockDetected:
            continue
        return
    stack.execute(_EMPTY)


@asynccontextmanager
async def _up(stack: FaultStack) -> AsyncGenerator[httpx.AsyncClient]:
    """Start the stack, configure this process as one of its functions, and yield an HTTP client of the library."""
    try:
        await stack.start(AUDIT.read_text())
        os.environ.update(stack.project.environment())
        forget_settings()
        headers = {"Authorization": f"Bearer {stack.gateway.service_role_key}"}
        url = stack.url("library") + LIBRARY_BASE_PATH
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as library:
            await History(stack.history_file).record_calls()
            yield library
        await close_supabase()
    finally:
        await stack.stop()


def _prepared(plan: Plan, stack: FaultStack, library: httpx.AsyncClient) -> Run:
    load = Load(
        library=library,
        history=History(stack.history_file),
        storage=stack.storage,
        video=_make_video(stack.video),
        with_library=stack.with_library,
    )
    model = Model(longest_ttl_seconds=max(LEASE_TTL_SECONDS, DISPATCH_TTL_SECONDS))
    return Run(
        plan=plan,
        stack=stack,
        load=load,
        injector=Injector(
            stack=stack,
            load=load,
            chance=random.Random(plan.seed),  # noqa: S311 - a plan, not a secret
        ),
        reader=AuditReader(url=stack.admin_url),
        history=HistoryReader.from_end(stack.history_file),
        model=model,
        responses=Responses(model=model, directory=str(stack.directory)),
    )


def _definitions(stack: FaultStack) -> str:
    with psycopg.connect(stack.admin_url, connect_timeout=5) as connection:
        row = connection.execute(_DEFINITIONS).fetchone()
    return row[0] if row else ""


def _skewed_hosts(workers: int) -> Mapping[str, Mapping[str, str]]:
    """Half of the workers' hosts are five minutes ahead, the others five minutes behind."""
    return {
        f"worker-{number}": {"HOST_CLOCK_SKEW_SECONDS": str(300 if number % 2 else -300)}
        for number in range(workers)
    }


def _make_video(video: Path) -> Path:
    """The video, made on first use."""
    if video.exists():
        return video
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    command += ["-f", "lavfi", "-i", "testsrc=size=160x90:rate=25:duration=3"]
    command += ["-f", "lavfi", "-i", "sine=duration=3"]
    command += ["-preset", "ultrafast", "-pix_fmt", "yuv420p", "-shortest", str(video)]
    subprocess.run(command, check=True)
    return video
