"""The library's FastAPI application and its OpenAPI document."""

from typing import Any

import pytest
from fastapi import FastAPI

from api.app import create_app


@pytest.fixture(scope="session")
def app() -> FastAPI:
    """The library's application."""
    return create_app()


@pytest.fixture(scope="session")
def document(app: FastAPI) -> dict[str, Any]:
    """Its OpenAPI document."""
    return app.openapi()
