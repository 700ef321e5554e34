"""Webhooks: URLs that are told of a user's jobs; their deliveries, and sending one again."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, TypeAdapter

from api.http.pagination import Paging
from api.http.security import AuthenticatedRoute, CurrentCaller, bearer
from api.models import DELIVERY_ID, WEBHOOK_ID, WebhookCreate, checked_uuid
from api.openapi.responses import BODY, problems
from shared.answers import Row, rows_of
from shared.api_models import (
    DeliveryResponse,
    Page,
    SecretResponse,
    WebhookCreated,
    WebhookResponse,
)
from shared.auth.users import Caller
from shared.database.client import call
from shared.errors import (
    DeliveryNotFound,
    Forbidden,
    TooManyWebhooks,
    WebhookExists,
    WebhookNotFound,
)
from shared.jobs.records import ListedRow
from shared.webhooks.sending import deliver_soon

MAX_WEBHOOKS = 20

DELIVERIES = rows_of(DeliveryResponse, ListedRow)
SECRET: TypeAdapter[str | None] = TypeAdapter(str | None)


class Creation(BaseModel):
    """The outcome of creating a webhook; the row is one of nulls unless it was created."""

    outcome: Literal["created", "exists", "too_many"]
    webhook: Row | None


router = APIRouter(
    prefix="/webhooks", tags=["webhooks"], route_class=AuthenticatedRoute, dependencies=[bearer]
)


async def _webhook_id(
    webhook_id: Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=[WEBHOOK_ID])],
) -> str:
    try:
        return checked_uuid(webhook_id)
    except ValueError:
        raise WebhookNotFound from None


async def _delivery_id(
    delivery_id: Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=[DELIVERY_ID])],
) -> str:
    try:
        return checked_uuid(delivery_id)
    except ValueError:
        raise DeliveryNotFound from None


WebhookId = Annotated[str, Depends(_webhook_id)]
DeliveryId = Annotated[str, Depends(_delivery_id)]


def _user(caller: Caller) -> str:
    """The calling user. Raises Forbidden for the service key: a webhook belongs to a user."""
    if caller.owner_id is None:
        raise Forbidden("A webhook belongs to a user; call this with a user's token.")
    return str(caller.owner_id)


@router.post(
    "",
    status_code=201,
    responses=problems(WebhookExists, TooManyWebhooks, *BODY),
)
async def create_webhook(body: WebhookCreate, caller: CurrentCaller) -> WebhookCreated:
    """Register a URL that is told of your jobs. The response has its secret, which is not shown again."""
    result = await call(
        "create_webhook",
        Creation,
        owner_id=_user(caller),
        url=body.url,
        events=sorted(set(body.events)),
        max_webhooks=MAX_WEBHOOKS,
    )
    match result.outcome:
        case "exists":
            raise WebhookExists
        case "too_many":
            raise TooManyWebhooks(max_webhooks=MAX_WEBHOOKS)
        case _:
            return WebhookCreated.model_validate(result.webhook)


@router.get("", responses=problems())
async def list_webhooks(caller: CurrentCaller) -> Page[WebhookResponse]:
    """List all your webhooks, newest first. Their secrets are not shown."""
    rows = await call(
        "list_webhooks", list[WebhookResponse], repeatable=True, owner_id=_user(caller)
    )
    return Page(items=tuple(rows), next_cursor=None)


@router.delete(
    "/{webhook_id}", status_code=204, response_model=None, responses=problems(WebhookNotFound)
)
async def delete_webhook(webhook_id: WebhookId, caller: CurrentCaller) -> Response:
    """Delete a webhook with its deliveries. What is pending is not sent any more."""
    if not await call("delete_webhook", bool, webhook_id=webhook_id, owner_id=_user(caller)):
        raise WebhookNotFound
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate-secret", responses=problems(WebhookNotFound))
async def rotate_secret(webhook_id: WebhookId, caller: CurrentCaller) -> SecretResponse:
    """Give a webhook a new secret. For a day, what it gets is signed with the old one, too."""
    secret = await call(
        "rotate_webhook_secret", SECRET, webhook_id=webhook_id, owner_id=_user(caller)
    )
    if secret is None:
        raise WebhookNotFound
    return SecretResponse(secret=secret)


@router.get("/{webhook_id}/deliveries", responses=problems(WebhookNotFound))
async def list_deliveries(
    webhook_id: WebhookId, caller: CurrentCaller, paging: Paging
) -> Page[DeliveryResponse]:
    """List what was and is to be sent to a webhook, newest first. Ended deliveries are kept for 30 days."""
    owner_id = _user(caller)
    rows = await call(
        "list_deliveries",
        DELIVERIES,
        repeatable=True,
        webhook_id=webhook_id,
        owner_id=owner_id,
        **paging.arguments(id_type=checked_uuid),
    )
    if not rows:
        await _find(webhook_id, owner_id)
    page, next_cursor = paging.cut(rows)
    return Page(items=tuple(map(DeliveryResponse.model_validate, page)), next_cursor=next_cursor)


async def _find(webhook_id: str, owner_id: str) -> None:
    webhooks = await call(
        "list_webhooks", list[WebhookResponse], repeatable=True, owner_id=owner_id
    )
    if all(str(webhook.id) != webhook_id for webhook in webhooks):
        raise WebhookNotFound


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    responses=problems(DeliveryNotFound, WebhookNotFound),
)
async def redeliver(
    webhook_id: WebhookId, delivery_id: DeliveryId, caller: CurrentCaller
) -> DeliveryResponse:
    """Send a delivery again, now and for another day. This also enables a webhook that was disabled."""
    rows = await call(
        "redeliver",
        list[DeliveryResponse],
        delivery_id=delivery_id,
        webhook_id=webhook_id,
        owner_id=_user(caller),
    )
    if not rows:
        raise DeliveryNotFound
    deliver_soon(rows[0].job_id)
    return rows[0]
