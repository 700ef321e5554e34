"""Deliveries: at least once, in order, signed; whatever the receiver does, and if the sender is killed."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.webhooks.sending import CLAIM_SECONDS, deliver_due
from tests.api.events.conftest import Work
from tests.api.webhooks.receiver import Message, Receiver
from tests.support.backend import Backend
from tests.support.database import Clock, Connection
from tests.support.functions import FunctionProcess
from tests.support.library_client import Api
from tests.support.waiting import eventually

ALL = ["job.started", "job.completed", "job.failed", "job.cancelled"]
DAY = 24 * 3600


async def register(api: Api, url: str | None, *events: str) -> dict[str, Any]:
    """A new webhook."""
    body = {"url": url} | ({"events": events} if events else {})
    response = await api.call("POST", "webhooks", json=body)
    assert response.status_code == 201, response.text
    return response.json()


async def deliveries(api: Api, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    """The deliveries of a webhook, oldest first."""
    answer = await api.get(f"webhooks/{webhook['id']}/deliveries")
    return answer.json()["items"][::-1]


def verified(message: Message, secret: str) -> Any:
    """The payload, by the library's own verifier."""
    return Webhook(secret).verify(message.body, message.headers)


async def send() -> dict[str, int]:
    return dict(await deliver_due(within_seconds=5))


async def test_each_event_comes_once_in_order_and_signed(
    api: Api, work: Work, receiver: Receiver
) -> None:
    webhook = await register(api, receiver.url, *ALL)
    job = await work.run()
    assert await send() == {"delivered": 2}
    started, completed = [verified(message, webhook["secret"]) for message in receiver.messages]
    assert (started["type"], started["data"]["job"]["status"]) == ("job.started", "running")
    assert (completed["type"], completed["data"]["project_id"]) == ("job.completed", work.project)
    assert completed["data"]["job"]["id"] == job
    assert completed["timestamp"] == completed["data"]["job"]["finished_at"]
    with pytest.raises(WebhookVerificationError):
        verified(receiver.messages[0], webhook["secret"][:-4] + "AAA=")
    shown = await deliveries(api, webhook)
    assert [(one["type"], one["status"], one["status_code"]) for one in shown] == [
        ("job.started", "delivered", 204),
        ("job.completed", "delivered", 204),
    ]
    assert {f"msg_{one['id']}" for one in shown} == {
        message.headers["webhook-id"] for message in receiver.messages
    }
    assert await send() == {}


async def test_a_receiver_that_fails_for_an_hour_gets_each_event_in_order(
    api: Api, work: Work, receiver: Receiver, clock: Clock
) -> None:
    webhook = await register(api, receiver.url, *ALL)
    receiver.status = 500
    await work.run()
    for _ in range(60):
        await send()
        clock.advance(60)
    tries = len(receiver.messages)
    assert 8 <= tries <= 14, "the pause doubles, less a random half"
    assert {message.payload["type"] for message in receiver.messages} == {"job.started"}
    shown = (await api.get("webhooks")).json()["items"][0]
    assert shown["failing_since"]

    receiver.status = 200
    clock.advance(3600)
    assert await send() == {"delivered": 2}
    received = [verified(message, webhook["secret"]) for message in receiver.messages[tries:]]
    assert [payload["type"] for payload in received] == ["job.started", "job.completed"]
    assert len({message.headers["webhook-id"] for message in receiver.messages}) == 2
    assert (await api.get("webhooks")).json()["items"][0]["failing_since"] is None


async def test_what_a_killed_cleanup_had_claimed_is_sent_again(  # noqa: PLR0917 - fixtures
    api: Api,
    work: Work,
    receiver: Receiver,
    clock: Clock,
    lease_cleanup: FunctionProcess,
    backend: Backend,
) -> None:
    webhook = await register(api, receiver.url)
    receiver.status = None
    await work.run()
    headers = {"Authorization": f"Bearer {backend.keys.internal_secret}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as http:
        cleanup = asyncio.create_task(http.post(lease_cleanup.url))
        await eventually(lambda: receiver.messages)
        lease_cleanup.kill()
        with pytest.raises(httpx.HTTPError):
            await cleanup
        receiver.status = 204
        assert await send() == {}, "its claim lasts"
        clock.advance(CLAIM_SECONDS)
        lease_cleanup.start()
        answer = await http.post(lease_cleanup.url)
    assert (answer.status_code, answer.json()["webhooks_delivered"]) == (200, 1)
    first, second = receiver.messages
    assert verified(first, webhook["secret"]) == verified(second, webhook["secret"])
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [one["attempt"] for one in await deliveries(api, webhook)] == [2]


async def test_a_slow_receiver_holds_up_neither_others_nor_the_leases(
    api: Api, receiver: Receiver, service_role: Connection
) -> None:
    """Ten jobs wait for a host that does not respond; at most four senders are with it."""
    await register(api, receiver.url)
    receiver.status = None
    for _ in range(10):
        await Work(project=await api.new_project()).run()
    claimed = 0
    query = "select id from public.editai_claim_delivery(30, 4)"
    while service_role.execute(query).fetchone():
        claimed += 1
    assert claimed == 4


async def test_an_event_that_nobody_takes_for_a_day_has_failed_and_can_be_sent_again(
    api: Api, work: Work, receiver: Receiver, clock: Clock
) -> None:
    webhook = await register(api, receiver.url)
    receiver.status = 503
    await work.run()
    for _ in range(30):
        await send()
        clock.advance(3600)
    [failed] = await deliveries(api, webhook)
    assert (failed["status"], failed["status_code"]) == ("failed", 503)
    assert 20 <= failed["attempt"] <= 30
    receiver.status = 204
    assert await send() == {}
    answer = await api.call("POST", f"webhooks/{webhook['id']}/deliveries/{failed['id']}/redeliver")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    await eventually(lambda: receiver.messages[-1].payload == failed["payload"])

    async def delivered() -> bool:
        return (await deliveries(api, webhook))[0]["status"] == "delivered"

    await eventually(delivered)


async def test_a_webhook_is_disabled_when_it_is_gone_or_has_failed_for_days(
    api: Api, work: Work, receiver: Receiver, clock: Clock
) -> None:
    webhook = await register(api, receiver.url)
    receiver.status = 410
    await work.run()
    assert await send() == {"failed": 1}
    shown = (await api.get("webhooks")).json()["items"][0]
    assert (shown["disabled_reason"], shown["id"]) == ("gone", webhook["id"])
    await work.run()
    assert len(await deliveries(api, webhook)) == 1, "nothing is queued for it"

    receiver.status = 500
    [old] = await deliveries(api, webhook)
    await api.call("POST", f"webhooks/{webhook['id']}/deliveries/{old['id']}/redeliver")
    await eventually(lambda: len(receiver.messages) == 2)
    assert (await api.get("webhooks")).json()["items"][0]["disabled_at"] is None
    for _ in range(6):
        clock.advance(DAY)
        await work.run()
        await send()
    shown = (await api.get("webhooks")).json()["items"][0]
    assert shown["disabled_reason"] == "failing"
    assert "pending" not in {one["status"] for one in await deliveries(api, webhook)}


async def test_a_url_of_one_job_is_told_of_its_end_only(
    api: Api, receiver: Receiver, project: str
) -> None:
    webhook = await register(api, None)
    answer = await api.generate(project, webhook_url=f"{receiver.url}?order=17")
    assert answer.status_code == 202, answer.text
    await api.cancel(project)
    await eventually(lambda: receiver.messages)
    payload = verified(receiver.messages[0], webhook["secret"])
    assert payload["type"] == "job.cancelled"
    assert payload["data"]["job"]["id"] == answer.json()["job"]["id"]
    await Work(project=project).run()
    await send()
    assert len(receiver.messages) == 1


async def test_after_a_rotation_both_secrets_sign_for_a_day(
    api: Api, work: Work, receiver: Receiver, clock: Clock
) -> None:
    webhook = await register(api, receiver.url)
    rotated = await api.call("POST", f"webhooks/{webhook['id']}/rotate-secret")
    secret = rotated.json()["secret"]
    assert secret != webhook["secret"]
    await work.run()
    await send()
    assert verified(receiver.messages[0], secret) == verified(
        receiver.messages[0], webhook["secret"]
    )
    clock.advance(DAY + 1)
    await work.run()
    await send()
    assert verified(receiver.messages[1], secret)
    with pytest.raises(WebhookVerificationError):
        verified(receiver.messages[1], webhook["secret"])


async def test_every_end_of_a_job_is_told_also_one_by_hand(
    api: Api, work: Work, receiver: Receiver, admin: Connection
) -> None:
    webhook = await register(api, receiver.url)
    job = await work.start()
    admin.execute(
        "update editai_jobs set status = 'failed', finished_at = now(), error = '{}' where id = %s",
        [UUID(job)],
    )
    assert await send() == {"delivered": 1}
    assert verified(receiver.messages[0], webhook["secret"])["type"] == "job.failed"


async def test_an_event_of_a_transaction_that_is_rolled_back_does_not_exist(
    api: Api, work: Work, receiver: Receiver, admin: Connection
) -> None:
    await register(api, receiver.url)
    job = await work.start()
    with admin.transaction(force_rollback=True):
        admin.execute("select editai_end_job(%s, 'cancelled', null, null)", [UUID(job)])
    assert await send() == {}


async def test_ended_deliveries_are_removed_after_a_month(
    api: Api, work: Work, receiver: Receiver, clock: Clock, service_role: Connection
) -> None:
    webhook = await register(api, receiver.url)
    await work.run()
    await send()
    clock.advance(29 * DAY)
    query = "select editai_cleanup_deliveries(50, 30 * 86400) as removed"
    row = service_role.execute(query).fetchone()
    assert row
    assert row["removed"] == 0
    clock.advance(2 * DAY)
    row = service_role.execute(query).fetchone()
    assert row
    assert row["removed"] == 1
    assert await deliveries(api, webhook) == []
