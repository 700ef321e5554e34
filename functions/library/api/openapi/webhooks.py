"""The document's section `webhooks` (OpenAPI 3.1): what the service sends to the URLs that users register."""

from typing import Annotated

from fastapi import FastAPI, Header

from shared.api_models import WebhookPayload


def document_webhooks(app: FastAPI) -> None:
    """Describe what a webhook gets."""
    app.webhooks.post("job", name="job_event", tags=["webhooks"], status_code=204)(_job_event)


def _job_event(
    body: WebhookPayload,
    webhook_id: Annotated[
        str, Header(description="The same each time this event is sent; drop an id that you had.")
    ],
    webhook_timestamp: Annotated[
        str, Header(description="When this attempt was made, in seconds since the epoch.")
    ],
    webhook_signature: Annotated[
        str,
        Header(description="One or two signatures, separated by a space (Standard Webhooks)."),
    ],
) -> None:
    """A job has started or ended.

    Respond 2xx within 10 s. Any other response, and a redirect, is a failure: the event is sent again for a day, after
    pauses that double from 5 s to an hour. 410 disables the webhook. The events of one job come in their order.
    """
