"""The member `webhook_url` of the bodies that start a job. It is a column of the job, not one of its params."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from shared.webhooks.urls import MAX_LENGTH, checked_url

_LABEL = "[A-Za-z]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
_PATTERN = rf"^https://{_LABEL}(\.{_LABEL})*(:[1-9][0-9]{{0,3}})?(/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~&=/-]*)?$"

WebhookUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_LENGTH,
        examples=["https://app.example/hooks/editai"],
        json_schema_extra={"pattern": _PATTERN},
    ),
    AfterValidator(checked_url),
]
"""The pattern is only for the OpenAPI document; each URL of that form is accepted. The check itself is code."""

MEMBER = "webhook_url"


class WithWebhookUrl(BaseModel):
    """A job whose end is told to a URL."""

    webhook_url: WebhookUrl | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="A URL that is told of the end of this job, besides your webhooks. What it gets is signed with the "
        "secret of your webhook without a URL.",
    )
