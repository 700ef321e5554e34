"""Without a collector, telemetry is a no-op; an unreachable collector does not disturb jobs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from editai_client import LibraryClient
from local.programs import CHECKOUT
from shared.observability import telemetry
from tests.support.backend import Backend
from tests.support.users import User

LOADED = "import sys, {}; print(*(m for m in sys.modules if m.startswith('opentelemetry.')))"
SENDS = ("opentelemetry.sdk", "opentelemetry.exporter")


def loaded(function: str, **environment: str) -> list[str]:
    """The OpenTelemetry modules that a function imports at its start."""
    return loaded_by("main", CHECKOUT / "functions" / function, **environment)


def loaded_by(module: str, folder: Path = CHECKOUT, **environment: str) -> list[str]:
    """The OpenTelemetry modules that are loaded by importing a module from a folder."""
    result = subprocess.run(
        [sys.executable, "-c", LOADED.format(module)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.split()


@pytest.mark.parametrize("function", ["library", "worker", "lease_cleanup"])
def test_a_function_without_a_collector_imports_opentelemetry_s_api_alone(function: str) -> None:
    names = loaded(function)
    assert "opentelemetry.trace" in names
    assert [name for name in names if name.startswith(SENDS)] == []


def test_the_library_without_a_collector_imports_no_more_than_fastapi_does() -> None:
    assert set(loaded("library")) == set(loaded_by("fastapi"))


def test_a_function_with_a_collector_imports_the_sdk_before_its_first_request() -> None:
    names = loaded("worker", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert "opentelemetry.sdk.trace" in names


async def test_measurements_without_a_collector_are_discarded() -> None:
    with telemetry.span("work", attributes={"editai.kind": "raw_clips"}) as span:
        span.set_attribute("editai.outcome", "completed")
        telemetry.meter.create_counter("editai.conflicts").add(1)
        telemetry.flush_soon()
    assert not span.is_recording()
    await telemetry.flush()


async def test_an_unreachable_collector_does_not_disturb_a_job(
    fresh_state: Backend, user: User, small_video: Path
) -> None:
    functions = [fresh_state.functions[name] for name in ("library", "worker")]
    for function in functions:
        function.start(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    try:
        async with LibraryClient(functions[0].url, user.token) as client:
            project = await client.create_project("Holiday")
            await client.generate(project.id, small_video, variant_count=1, target_duration=2)
            progress = [progress async for progress in client.follow(project.id)][-1]
        assert progress.job is not None
        assert progress.job.status == "completed"
    finally:
        for function in functions:
            function.stop()
