"""Receives the bytes of one request of a resumable upload, and stores the file once they are complete."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from starlette.requests import ClientDisconnect, Request

from local.supabase_api.storage import refusals
from local.supabase_api.storage.turns import Turn
from shared.storage.local_directory import LocalStorage
from shared.storage.unfinished_uploads import GRACE_SECONDS, UnfinishedUpload

BLOCK_BYTES = 1 << 20


async def receive(request: Request, upload: UnfinishedUpload, turn: Turn) -> None:
    """Append the request's body to the upload. What has arrived is kept, however the request ends.

    Raises the refusals GAVE_WAY, if another request wants its turn, GONE, if the upload expires while it is received,
    and MORE_THAN_ANNOUNCED.
    """
    room = upload.announced.length - upload.offset
    if int(request.headers.get("content-length", "0")) > room:
        raise refusals.MORE_THAN_ANNOUNCED
    within_seconds = upload.announced.expires_at + GRACE_SECONDS - time.time()
    try:
        async with asyncio.timeout(within_seconds):
            await _append(_until_wanted(request, turn), upload.data, room)
    except TimeoutError:
        raise refusals.GONE from None


async def store_if_complete(storage: LocalStorage, upload: UnfinishedUpload) -> None:
    """Give a complete file its path, at once and only there. Raises the refusal EXISTS if the path is taken.

    A server that was killed between the last byte and this step takes it when the client asks again.
    """
    if upload.is_stored or upload.offset < upload.announced.length:
        return
    if not await storage.put_new(upload.data, upload.announced.path):
        stored = await storage.fetch(upload.announced.path, Path())
        if not stored.samefile(upload.data):
            upload.remove()
            raise refusals.EXISTS
    upload.data.unlink()


async def _append(chunks: AsyncIterator[bytes], data: Path, room: int) -> None:
    block = bytearray()
    with data.open("ab", buffering=0) as file:
        try:
            async for chunk in chunks:
                room -= len(chunk)
                if room < 0:
                    raise refusals.MORE_THAN_ANNOUNCED
                block += chunk
                if len(block) >= BLOCK_BYTES:
                    full, block = block, bytearray()
                    await asyncio.to_thread(_write, file, full)
        finally:
            _write(file, block)


def _write(file: BinaryIO, block: bytearray) -> None:
    """Write all of a block: a raw file may take a part of it, when the disk fills up."""
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


async def _until_wanted(request: Request, turn: Turn) -> AsyncIterator[bytes]:
    """The body, as far as it arrives before another request wants the turn."""
    wanted = asyncio.ensure_future(turn.wanted.wait())
    try:
        while True:
            message = asyncio.ensure_future(request.receive())
            await asyncio.wait((message, wanted), return_when=asyncio.FIRST_COMPLETED)
            if not message.done():
                message.cancel()
                await asyncio.wait((message,))
                raise refusals.GAVE_WAY
            event = message.result()
            if event["type"] == "http.disconnect":
                raise ClientDisconnect
            yield event.get("body", b"")
            if not event.get("more_body"):
                return
    finally:
        wanted.cancel()
