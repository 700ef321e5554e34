"""A second gateway in front of a test's PostgREST, in hosted mode."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from local.parts.gateway import Gateway
from local.processes.process import Process
from local.programs import base_environment
from local.stack.ports import claim_free_port
from tests.support.backend import Backend


@contextmanager
def hosted_gateway(backend: Backend, *, rate: float) -> Generator[Gateway]:
    """It runs during the block, and refuses this share of all calls."""
    claim = claim_free_port()
    home = backend.directory / "hosted-gateway"
    gateway = replace(backend.gateway, port=claim.number, home=home, refusal_rate=rate)
    process = Process(gateway.part(home.with_suffix(".log"), base_environment(backend.directory)))
    try:
        process.wait_ready()
        yield gateway
    finally:
        process.stop()
        claim.release()
