"""The benches' server and load generator run, so that `make bench` does not fail where it measures."""

import json

from bench.floor import RPC, serving
from bench.load import Load, run
from bench.stack import StackInfo
from tests.support.backend import Backend


async def test_the_floor_takes_the_load(fresh_state: Backend) -> None:
    project = fresh_state.project
    stack = StackInfo(
        library_url=project.library_url,
        supabase_url=project.supabase_url,
        postgrest_url=project.supabase_url,
        db_url="",
        admin_password="",
        service_role_key=project.service_role_key,
        jwt_secret=project.jwt_secret,
        jwt_issuer=project.jwt_issuer,
        pids={},
    )
    with serving(stack) as (url, _pid):
        load = Load(
            method="POST",
            url=f"{url}{RPC}schema_version",
            headers={"content-type": "application/json"},
            body=json.dumps({}),
            status=200,
            connections=2,
            warm_up_seconds=0.2,
            seconds=0.2,
        )
        result = await run(load)
    assert result.rate > 0
