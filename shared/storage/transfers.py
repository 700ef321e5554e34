"""Transfers of whole files and of parts of them, by signed URL.

Each has a time limit that follows from its size, and reads no more than that. A server that stalls, drips, sends too
much or too little, or another range than the requested one, is told by httpx.HTTPError, TimeoutError or WrongForm.
"""

from asyncio import timeout, to_thread
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from http import HTTPStatus
from pathlib import Path

import httpx

from shared.answers import WrongForm
from shared.http_client import http_client

BLOCK_BYTES = 1 << 20

TRANSFER_TIMEOUT = httpx.Timeout(60, connect=5)
"""Timeout of each read or write."""

BASE_SECONDS = 60.0
SLOWEST_BYTES_PER_SECOND = 256 << 10
"""A whole transfer may take a minute, and as long as it takes at this pace: a byte now and then is no progress."""


async def upload(file: Path, url: str, *, size: int, content_type: str) -> None:
    """PUT a file of `size` bytes, replacing any that is there."""
    headers = {"Content-Type": content_type, "Content-Length": str(size), "x-upsert": "true"}
    async with (
        timeout(_longest_seconds(size)),
        http_client(timeout=TRANSFER_TIMEOUT) as client,
        aclosing(_blocks(file)) as blocks,
    ):
        response = await client.put(url, content=blocks, headers=headers)
        response.raise_for_status()


async def download(url: str, target: Path, *, size: int) -> None:
    """GET a file of `size` bytes, block by block."""
    async with (
        timeout(_longest_seconds(size)),
        http_client(timeout=TRANSFER_TIMEOUT, max_response_bytes=size) as client,
        client.stream("GET", url) as response,
    ):
        response.raise_for_status()
        with target.open("wb") as file:
            async for block in response.aiter_bytes(BLOCK_BYTES):
                await to_thread(file.write, block)
            if file.tell() != size:
                raise WrongForm("a file that is shorter than its size")


async def download_parts(
    url: str, target: Path, *, size: int, parts: Sequence[tuple[int, int]]
) -> None:
    """GET parts of a file of `size` bytes, each from a first byte to one after its last; the rest becomes a hole."""
    longest = max(end - start for start, end in parts)
    async with (
        timeout(_longest_seconds(longest * len(parts))),
        http_client(timeout=TRANSFER_TIMEOUT, max_response_bytes=longest) as client,
    ):
        with target.open("wb") as file:
            file.truncate(size)
            for start, end in parts:
                file.seek(start)
                await to_thread(file.write, await _part(client, url, start, end))


async def _part(client: httpx.AsyncClient, url: str, start: int, end: int) -> bytes:
    response = await client.get(url, headers={"Range": f"bytes={start}-{end - 1}"})
    response.raise_for_status()
    is_whole = start == 0 and response.status_code == HTTPStatus.OK
    if len(response.content) != end - start or not (
        is_whole or response.status_code == HTTPStatus.PARTIAL_CONTENT
    ):
        raise WrongForm("another part of a file than the requested one")
    return response.content


def _longest_seconds(size: int) -> float:
    """How long the transfer of a file may take."""
    return BASE_SECONDS + size / SLOWEST_BYTES_PER_SECOND


async def _blocks(file: Path) -> AsyncGenerator[bytes]:
    with file.open("rb") as stream:
        while block := await to_thread(stream.read, BLOCK_BYTES):
            yield block
