"""The request path compared with the bare call: how much of PostgREST's own rate the library reaches.

At 16 connections, in several rounds, it measures in turn: the SQL function called directly on PostgREST, the same call
through the gateway, the minimum that a Python server costs (bench/floor.py), and the library's endpoint that makes the
call. Rates are medians. "of bare" is the median of the ratios within each round, so that a busy moment does not count
twice. CPU time is comparable even on a machine that does other work.

    python -m bench.request_path [--quick]
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import jwt

from bench import clients
from bench.floor import serving
from bench.load import Load, Result
from bench.processes import cpu_seconds
from bench.stack import StackInfo, scratch_stack

ROUNDS, SECONDS = 5, 4.0
PARTS = ("library", "floor", "gateway", "postgrest", "postgres")

FORM = (
    '--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n'
    "Content-Type: video/mp4\r\n\r\nnot read\r\n--b--\r\n"
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stack with one project that is held by a queued job."""

    stack: StackInfo
    floor_url: str
    project_id: str
    owner_id: str

    @property
    def token(self) -> str:
        """The owner's access token."""
        now = int(time.time())
        claims = {
            "iss": self.stack.jwt_issuer,
            "aud": "authenticated",
            "role": "authenticated",
            "sub": self.owner_id,
            "iat": now,
            "exp": now + 3600,
        }
        return jwt.encode(claims, self.stack.jwt_secret, algorithm="HS256")

    @property
    def keys(self) -> dict[str, str]:
        """The headers of a call with the service role."""
        key = self.stack.service_role_key
        return {
            "apikey": key,
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
        }

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments of both functions that are called."""
        return {"p_project_id": self.project_id, "p_owner_id": self.owner_id}

    def call(self, function: str, **arguments: Any) -> None:
        """Calls a SQL function for preparation."""
        url = f"{self.stack.supabase_url}/rest/v1/rpc/{function}"
        httpx.post(url, headers=self.keys, json=arguments).raise_for_status()

    def loads(self) -> Mapping[str, list[tuple[str, Load]]]:
        """For each subject: the bare call, the call through each intermediate, the library's endpoint."""
        project = f"{self.stack.library_url}/projects/{self.project_id}"
        bearer = {"authorization": f"Bearer {self.token}"}
        form = bearer | {"content-type": "multipart/form-data; boundary=b"}
        generate = Load(
            method="POST", url=f"{project}/generate", headers=form, body=FORM, status=409
        )
        poll = Load(method="GET", url=f"{project}/progress", headers=bearer, status=200)
        hello = Load(method="GET", url=f"{self.floor_url}/", headers={}, status=200)
        return {
            "generate, refused with 409": [
                *self._bare("editai_check_project"),
                ("library", generate),
            ],
            "progress": [*self._bare("editai_read_progress"), ("library", poll)],
            "nothing": [("FastAPI, calling nothing", hello)],
        }

    def _bare(self, function: str) -> list[tuple[str, Load]]:
        body = json.dumps(self.arguments)
        urls = {
            "PostgREST": self.stack.postgrest_url,
            "gateway": f"{self.stack.supabase_url}/rest/v1",
            "ASGI with only this call": self.floor_url,
        }
        return [
            (
                name,
                Load(
                    method="POST",
                    url=f"{url}/rpc/{function}",
                    headers=self.keys,
                    body=body,
                    status=200,
                ),
            )
            for name, url in urls.items()
        ]


def main(arguments: list[str]) -> None:
    """Starts a stack, measures and prints."""
    rounds, seconds = (2, 1.0) if "--quick" in arguments else (ROUNDS, SECONDS)
    with scratch_stack(functions=True) as stack, serving(stack) as (floor_url, floor_pid):
        stack.pids["floor"] = floor_pid
        target = _prepare(stack, floor_url)
        print(
            "                            responses/s  of bare  median ms   p99 ms   CPU us per request"
        )
        for subject, loads in target.loads().items():
            print(subject)
            _compare(stack, loads, rounds, seconds)
        print("\na call through the Supabase client, over     calls/s CPU us per call")
        for name in clients.CLIENTS:
            calls = int(seconds * 400)
            runs = [clients.measure(stack, name, target.arguments, calls) for _ in range(rounds)]
            rate, cpu = (statistics.median(values) for values in zip(*runs, strict=True))
            print(f"  {name:<40} {rate:>8.0f} {cpu:>15.0f}", flush=True)


def _prepare(stack: StackInfo, floor_url: str) -> Target:
    target = Target(
        stack=stack,
        floor_url=floor_url,
        project_id=f"bench-{uuid4()}",
        owner_id=str(uuid4()),
    )
    target.call("editai_create_project", **target.arguments, p_name="bench")
    target.call(
        "editai_start_job",
        **target.arguments,
        p_job_id=str(uuid4()),
        p_kind="raw_clips",
        p_params={},
        p_lease_id=str(uuid4()),
        p_holder="bench",
        p_dispatch_ttl_seconds=3600,
        p_deadline_seconds=3600,
        p_max_attempts=1,
    )
    return target


def _compare(stack: StackInfo, loads: list[tuple[str, Load]], rounds: int, seconds: float) -> None:
    results: dict[str, list[Result]] = {name: [] for name, _ in loads}
    costs: dict[str, list[dict[str, float]]] = {name: [] for name, _ in loads}
    for _ in range(rounds):
        for name, load in loads:
            before = _cpu(stack)
            result, responses = _run_load(load.model_copy(update={"seconds": seconds}))
            after = _cpu(stack)
            results[name].append(result)
            costs[name].append({p: (after[p] - before[p]) / responses * 1e6 for p in PARTS})
    bare = [result.rate for result in results[loads[0][0]]]
    for name, runs in results.items():
        ratio = statistics.median(r.rate / b for r, b in zip(runs, bare, strict=True))
        print(_line(name, runs, ratio, costs[name]), flush=True)


def _run_load(load: Load) -> tuple[Result, float]:
    """Runs the load in its own process; returns its result and the approximate number of responses."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=load.model_dump_json(),
        check=True,
        capture_output=True,
        text=True,
    )
    result = Result.model_validate_json(done.stdout)
    return result, result.rate * (load.seconds + load.warm_up_seconds)


def _cpu(stack: StackInfo) -> dict[str, float]:
    return {part: cpu_seconds(stack.pids[part]) for part in PARTS}


def _line(name: str, runs: list[Result], ratio: float, costs: list[dict[str, float]]) -> str:
    rate, median_ms, p99_ms = (
        statistics.median(getattr(run, field) for run in runs)
        for field in ("rate", "median_ms", "p99_ms")
    )
    cpu = {part: statistics.median(cost[part] for cost in costs) for part in PARTS}
    shown = " ".join(f"{part} {value:.0f}" for part, value in cpu.items() if value >= 1)
    return f"  {name:<26} {rate:>10.0f} {ratio:>8.2f} {median_ms:>10.1f} {p99_ms:>8.1f}   {shown}"


if __name__ == "__main__":
    main(sys.argv[1:])
