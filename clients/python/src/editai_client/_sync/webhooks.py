"""Webhooks: URLs that are told of your jobs, and what was sent to them."""

from collections.abc import Sequence
from uuid import UUID

from editai_client._sync.calls import Calls, given
from editai_client.models import CreatedWebhook, Delivery, Page, Webhook, WebhookSecret


class WebhookCalls(Calls):
    """Webhooks. They belong to a user: the service key gets Forbidden."""

    def create_webhook(
        self, url: str | None = None, *, events: Sequence[str] | None = None
    ) -> CreatedWebhook:
        """Register a URL; the response has its secret, which is not shown again.

        Without `events` it is told of each end of a job. Without a URL, the webhook signs what is sent to the
        `webhook_url` of single jobs.
        """
        body = given(url=url, events=None if events is None else list(events))
        return self._http.read(CreatedWebhook, "POST", "/webhooks", json=body)

    def webhooks(self) -> list[Webhook]:
        """All your webhooks, newest first."""
        return self._http.all(Page[Webhook], "/webhooks")

    def delete_webhook(self, webhook_id: UUID) -> None:
        """Delete a webhook with its deliveries. What is pending is not sent any more."""
        self._http.send("DELETE", f"/webhooks/{webhook_id}")

    def rotate_webhook_secret(self, webhook_id: UUID) -> str:
        """Give a webhook a new secret, and return it. For a day, the old one signs, too."""
        path = f"/webhooks/{webhook_id}/rotate-secret"
        return (self._http.read(WebhookSecret, "POST", path)).secret

    def deliveries(self, webhook_id: UUID, *, at_most: int | None = None) -> list[Delivery]:
        """What was and is to be sent to a webhook, newest first; all of it unless `at_most` says how much is enough."""
        path = f"/webhooks/{webhook_id}/deliveries"
        return self._http.all(Page[Delivery], path, at_most=at_most)

    def redeliver(self, webhook_id: UUID, delivery_id: UUID) -> Delivery:
        """Send a delivery again. This also enables a webhook that was disabled."""
        path = f"/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"
        return self._http.read(Delivery, "POST", path)
