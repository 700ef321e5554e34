"""Sends deliveries that are due: claim, sign, post, record.

    claim ---- post, at most 10 s ----> record: delivered, retried later, or failed
      '------- CLAIM_SECONDS ---------> the claim is over; if this process was killed, another one sends it again

A delivery may be sent twice, but never not at all. Its `webhook-id` is the same each time, so that a receiver can drop
the second.
"""

import asyncio
import json
import logging
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiohttp
from pydantic import BaseModel, ConfigDict
from standardwebhooks.webhooks import Webhook

from shared.database.client import call
from shared.errors import EditAIError
from shared.observability.logs import log_fields
from shared.observability.telemetry import meter
from shared.serving.ending import is_ending, keep_until_done
from shared.webhooks.connector import TIMEOUT_SECONDS, AddressRefused, guarded_session
from shared.webhooks.settings import get_webhook_settings

logger = logging.getLogger(__name__)

_deliveries = meter.create_counter("editai.webhooks.sent")

CLAIM_SECONDS = TIMEOUT_SECONDS + 20
SENDERS = 16
SENDERS_PER_HOST = 4
AT_ONCE_SECONDS = 10.0
"""How long the process that changed a job goes on with its deliveries; lease_cleanup has the rest."""


class Delivery(BaseModel):
    """A claimed delivery."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    attempt: int
    url: str
    payload: dict[str, Any]
    secrets: tuple[str, ...]

    def message(self, now: datetime) -> tuple[bytes, dict[str, str]]:
        """The body and the headers, signed (https://www.standardwebhooks.com)."""
        message_id = f"msg_{self.id}"
        body = json.dumps(self.payload, separators=(",", ":"), ensure_ascii=False)
        signatures = [Webhook(secret).sign(message_id, now, body) for secret in self.secrets]
        return body.encode(), {
            "Content-Type": "application/json",
            "User-Agent": "EditAI-Webhooks/1",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


async def deliver_due(
    *, within_seconds: float, job_id: UUID | None = None, senders: int = SENDERS
) -> Counter[str]:
    """Send what is due, with `job_id` only what is of that job, until nothing is or the time is over; count outcomes.

    Raises DatabaseUnavailable.
    """
    counts = Counter[str]()
    deadline = asyncio.get_running_loop().time() + within_seconds
    async with guarded_session(local=get_webhook_settings().webhooks_to_loopback) as session:
        results = await asyncio.gather(
            *(_send_until(deadline, session, job_id, counts) for _ in range(senders)),
            return_exceptions=True,
        )
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return counts


def deliver_soon(job_id: UUID) -> None:
    """Begin to send what is due of a job, without waiting for it."""
    keep_until_done(asyncio.create_task(deliver_now(job_id)))


async def deliver_now(job_id: UUID) -> None:
    """Send what is due of a job, for at most AT_ONCE_SECONDS. A fault is only logged: lease_cleanup sends the rest."""
    try:
        await deliver_due(within_seconds=AT_ONCE_SECONDS, job_id=job_id, senders=1)
    except EditAIError as error:
        logger.warning("webhooks are left to cleanup: %s", error.slug)
    except Exception:
        logger.exception("webhooks are left to cleanup")


async def _send_until(
    deadline: float, session: aiohttp.ClientSession, job_id: UUID | None, counts: Counter[str]
) -> None:
    now = asyncio.get_running_loop().time
    while now() < deadline and not is_ending():
        rows = await call(
            "claim_delivery",
            list[Delivery],
            claim_seconds=CLAIM_SECONDS,
            per_host=SENDERS_PER_HOST,
            job_id=job_id and str(job_id),
        )
        if not rows:
            return
        counts[await _send(session, rows[0])] += 1


async def _send(session: aiohttp.ClientSession, delivery: Delivery) -> str:
    """Send a delivery once and record what became of it."""
    status, error = await post(session, delivery)
    outcome = await call(
        "record_delivery",
        str,
        repeatable=True,
        delivery_id=str(delivery.id),
        attempt=delivery.attempt,
        status_code=status,
        error=error,
    )
    _deliveries.add(1, {"editai.outcome": outcome})
    with log_fields(delivery_id=str(delivery.id), attempt=delivery.attempt):
        # Neither URL nor host: they are the user's.
        logger.info("webhook %s", outcome, extra={"outcome": outcome, "status": status})
    return outcome


async def post(session: aiohttp.ClientSession, delivery: Delivery) -> tuple[int | None, str | None]:
    """Post a delivery; return the status of the response, or why there is none. A redirect is not followed."""
    body, headers = delivery.message(datetime.now(UTC))
    try:
        async with session.post(
            delivery.url, data=body, headers=headers, allow_redirects=False
        ) as response:
            return response.status, None
    except TimeoutError:
        return None, f"no response within {TIMEOUT_SECONDS:.0f} s"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return None, _reason(error)


def _reason(error: BaseException) -> str:
    """What the owner is told, in our words: a library's text may tell of our network."""
    if _is_refused(error):
        return "the host is at an address that is not public"
    if isinstance(error, ValueError):  # also aiohttp's, for 127.1 and 2130706433
        return "the URL cannot be used"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host was not found"
    if isinstance(error, aiohttp.ClientSSLError):
        return "TLS failed"
    return "no connection"


def _is_refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, AddressRefused) or isinstance(
            getattr(error, "os_error", None), AddressRefused
        ):
            return True
        error = error.__cause__ or error.__context__
    return False
