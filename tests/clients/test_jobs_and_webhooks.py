"""Each client lists jobs and manages webhooks; the receivers of the READMEs verify what the library sends."""

import asyncio
import json
import types
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import uvicorn
from click.testing import CliRunner

from editai_cli.main import cli
from editai_client import LibraryClient, NotFound
from local.programs import CHECKOUT, DENO
from local.stack.ports import claim_free_port
from tests.clients.acting import Actor
from tests.clients.packages import PYTHON_CLIENT, TYPESCRIPT_CLIENT
from tests.support.backend import Backend
from tests.support.users import User
from tests.support.waiting import eventually
from tests.tools.docs import pages

SERVE = """
const [port, secret] = Deno.args;
Deno.serve({ port: Number(port), hostname: "127.0.0.1", onListen() {} }, (request) => receive(request, secret!));
"""


def _receiver(client: Path, language: str) -> str:
    """The README's code."""
    section = (client / "README.md").read_text().partition("## Receiving webhooks")[2]
    return pages.blocks(section, language)[0]


@asynccontextmanager
async def _python_receiver(port: int) -> AsyncGenerator[None]:
    module = types.ModuleType("receiver")
    exec(_receiver(PYTHON_CLIENT, "python"), vars(module))  # noqa: S102  # nosec B102 - our own page
    config = uvicorn.Config(module.app, host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def _typescript_receiver(folder: Path, port: int, secret: str) -> AsyncGenerator[None]:
    (folder / "receiver.ts").write_text(_receiver(TYPESCRIPT_CLIENT, "ts") + SERVE)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(CHECKOUT / "local" / "node_modules")
    options = ("--quiet", "--no-remote", "--no-lock", "--node-modules-dir=manual", "--allow-net")
    process = await asyncio.create_subprocess_exec(
        *(DENO, "run", *options, "receiver.ts", str(port), secret),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await eventually(lambda: _listens(port))
        yield
    finally:
        process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        (await asyncio.open_connection("127.0.0.1", port))[1].close()
    except OSError:
        return False
    return True


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Two free ports."""
    claims = [claim_free_port() for _ in range(2)]
    yield [claim.number for claim in claims]
    for claim in claims:
        claim.release()


@pytest.fixture
async def actor(
    idle_stack: Backend, user: User, typescript_client: Path, small_video: Path
) -> Actor:
    """A caller with a source, whose jobs stay queued."""
    url = idle_stack.functions["library"].url
    async with LibraryClient(url, user.token) as library:
        project = (await library.create_project("Reel")).id
        source = await library.upload(project, small_video)
    return Actor(
        url=url,
        token=user.token,
        project_id=project,
        source_id=str(source.id),
        folder=typescript_client,
    )


async def test_jobs_are_listed_and_receivers_are_told(
    actor: Actor,
    ports: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = actor.project_id
    hooks = [f"http://127.0.0.1:{port}/hooks/editai" for port in ports]
    async with LibraryClient(actor.url, actor.token) as library:
        webhooks = [await library.create_webhook(hook) for hook in hooks]
        listed = [each.id for each in await library.webhooks()]
        assert listed == [webhooks[1].id, webhooks[0].id]
        monkeypatch.setenv("EDITAI_WEBHOOK_SECRET", webhooks[0].secret)
        async with (
            _python_receiver(ports[0]),
            _typescript_receiver(tmp_path, ports[1], webhooks[1].secret),
        ):
            jobs = [(await library.generate(project, UUID(actor.source_id))).job.id]
            await library.cancel(project)
            for webhook, hook in zip(webhooks, hooks, strict=True):
                await eventually(partial(_is_told, library, webhook.id))
                assert (await _post_forged(hook)).status_code == 401
            jobs.insert(0, (await library.generate(project, UUID(actor.source_id))).job.id)
            assert f"job.cancelled {project} {jobs[1]}\n" in capsys.readouterr().out
            assert await actor.act("typescript", "history") == {
                "result": {
                    "cancelled": [str(jobs[1])],
                    "jobs": [str(job) for job in jobs],
                    "status": "queued",
                    "made": ["job.failed"],
                    "rotated": True,
                    "told": [["job.cancelled", "delivered"]] * 2,
                    "again": True,
                }
            }
            await eventually(partial(_is_told, library, webhooks[1].id))
        assert [each.id for each in await library.jobs(project)] == jobs
        assert [each.id for each in await library.jobs(at_most=1)] == jobs[:1]
        assert [each.id for each in await library.jobs(status="cancelled")] == jobs[1:]
        assert (await library.job(jobs[1])).status == "cancelled"
        assert await library.rotate_webhook_secret(webhooks[0].id) != webhooks[0].secret
        await library.delete_webhook(webhooks[0].id)
        with pytest.raises(NotFound):
            await library.deliveries(webhooks[0].id)
        await asyncio.to_thread(_use_the_command_line, actor.url, actor.token, jobs, project)


async def _is_told(library: LibraryClient, webhook: UUID) -> bool:
    (delivery,) = await library.deliveries(webhook)
    return (delivery.status, delivery.status_code) == ("delivered", 204)


async def _post_forged(url: str) -> httpx.Response:
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    async with httpx.AsyncClient() as http:
        return await http.post(url, headers=headers, json={})


def _use_the_command_line(url: str, token: str, jobs: list[UUID], project: str) -> None:
    """The client without coroutines, as `editai` uses it."""

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, ["--url", url, "--token", token, *arguments])
        assert done.exit_code == 0, (arguments, done.output, done.exception)
        return done.output

    def rows(*arguments: str) -> list[list[str]]:
        return [line.split("\t") for line in run(*arguments).splitlines()]

    assert [row[:4] for row in rows("jobs", "--project", project)] == [
        [str(jobs[0]), "queued", "raw_clips", project],
        [str(jobs[1]), "cancelled", "raw_clips", project],
    ]
    assert [row[0] for row in rows("jobs", "--status", "cancelled", "--limit", "1")] == [
        str(jobs[1])
    ]
    assert rows("job", str(jobs[1]))[0][1] == "cancelled"
    assert json.loads(run("--json", "job", str(jobs[1])))["params"]["variant_count"]
    assert "instagram_reels" in [row[0] for row in rows("presets")]
    (source,) = rows("sources", project)
    assert source[1] == "ready"
    run("projects", "rename", project, "Summer")
    assert rows("projects")[0][2] == "Summer"

    ((webhook, *_),) = rows("webhooks")
    assert run("webhooks", "create", "--event", "job.failed").startswith("whsec_")
    made = rows("webhooks")[0]
    assert made[1:3] == ["", "job.failed"]
    assert run("webhooks", "rotate-secret", made[0]).startswith("whsec_")
    run("webhooks", "delete", made[0])
    ((delivery, *rest),) = rows("webhooks", "deliveries", webhook)
    assert rest[:3] == ["job.cancelled", str(jobs[1]), "delivered"]
    assert run("webhooks", "redeliver", webhook, delivery).strip() == "pending"
