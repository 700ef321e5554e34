"""A webhook is its owner's, and its secret is shown once."""

import pytest
from psycopg.sql import SQL, Identifier

from tests.api.events.conftest import Work
from tests.api.webhooks.receiver import Receiver
from tests.api.webhooks.test_delivering import deliveries, register
from tests.support.database import Database
from tests.support.library_client import Api, problem


async def test_a_secret_is_shown_once_and_nothing_is_shown_to_others(
    api: Api, stranger: Api, service: Api, work: Work, receiver: Receiver
) -> None:
    webhook = await register(api, receiver.url)
    await work.run()
    [delivery] = await deliveries(api, webhook)
    listed = await api.get("webhooks")
    assert webhook["secret"].startswith("whsec_")
    assert webhook["secret"] not in listed.text
    assert [item["id"] for item in listed.json()["items"]] == [webhook["id"]]
    assert (await stranger.get("webhooks")).json()["items"] == []
    path = f"webhooks/{webhook['id']}"
    problem(await stranger.get(f"{path}/deliveries"), 404, "webhook-not-found")
    problem(await stranger.call("DELETE", path), 404, "webhook-not-found")
    problem(await stranger.call("POST", f"{path}/rotate-secret"), 404, "webhook-not-found")
    again = f"{path}/deliveries/{delivery['id']}/redeliver"
    problem(await stranger.call("POST", again), 404, "delivery-not-found")
    problem(await service.get("webhooks"), 403, "forbidden")
    assert (await api.call("DELETE", path)).status_code == 204
    problem(await api.get(f"{path}/deliveries"), 404, "webhook-not-found")


async def test_another_users_webhook_is_not_told(
    api: Api, stranger: Api, receiver: Receiver, work: Work
) -> None:
    webhook = await register(stranger, receiver.url)
    await work.run()
    assert await deliveries(stranger, webhook) == []
    del api


async def test_webhooks_are_limited_and_one_has_no_url(api: Api, receiver: Receiver) -> None:
    await register(api, None)
    problem(await api.call("POST", "webhooks", json={}), 409, "webhook-exists")
    for _ in range(19):
        await register(api, receiver.url)
    problem(
        await api.call("POST", "webhooks", json={"url": receiver.url}), 409, "too-many-webhooks"
    )


@pytest.mark.parametrize("table", ["editai_webhooks", "editai_webhook_deliveries"])
@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_no_user_reads_the_tables(database: Database, table: str, role: str) -> None:
    connection = database.connect(role, user_id="7c0f2f9a-3a55-4b8e-9a43-0a6d8c9b1e77")
    with pytest.raises(Exception, match="permission denied"):
        connection.execute(SQL("select * from public.{}").format(Identifier(table)))
