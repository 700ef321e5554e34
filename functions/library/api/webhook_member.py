"""The member `webhook_url` of the bodies that start a job. It is a column of the job, not one of its params."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from shared.webhooks.urls import MAX_LENGTH, checked_url

WebhookUrl = Annotated[
    str,
    Field(min_length=1, max_length=MAX_LENGTH, examples=["https://app.example/hooks/editai"]),
    AfterValidator(checked_url),
]

MEMBER = "webhook_url"


class WithWebhookUrl(BaseModel):
    """A job whose end is told to a URL."""

    webhook_url: WebhookUrl | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="A URL that is told of the end of this job, besides your webhooks. What it gets is signed with the "
        "secret of your webhook without a URL.",
    )
