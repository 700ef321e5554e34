"""The Python client's models match the OpenAPI document."""

import inspect

import pytest
from pydantic import BaseModel

from api.app import create_app
from editai_client import models

SCHEMAS = {
    "Project": "Project",
    "AudioTrack": "AudioTrack",
    "ExportPreset": "ExportPreset",
    "Source": "Source",
    "Upload": "Upload",
    "ResumableUpload": "ResumableUpload",
    "Segment": "ClipSegment",
    "Clip": "Clip",
    "Export": "Export",
    "Page": "ClipPage",
    "StartedJob": "StartedJob",
    "JobAccepted": "JobAccepted",
    "Job": "Job",
    "Cancellation": "Cancellation",
    "ProgressJob": "ProgressJob",
    "Progress": "Progress",
    "Webhook": "Webhook",
    "CreatedWebhook": "WebhookCreated",
    "WebhookSecret": "Secret",
    "Delivery": "Delivery",
    "Event": "WebhookPayload",
    "EventData": "WebhookData",
    "EventJob": "WebhookJob",
}

PUBLIC = {
    name: model
    for name, model in inspect.getmembers(models, inspect.isclass)
    if issubclass(model, BaseModel) and model.__module__ == models.__name__ and name[0] != "_"
}


def test_every_model_has_a_schema() -> None:
    assert set(PUBLIC) == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_model_has_the_members_of_its_schema(name: str) -> None:
    schema = create_app().openapi()["components"]["schemas"][SCHEMAS[name]]
    assert set(PUBLIC[name].model_fields) == set(schema["properties"])
