"""The application: each service under its path, open to pages of every origin, as on Supabase."""

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from api.http.middleware import DrainUnreadBody
from local.supabase_api.auth.accounts import Accounts
from local.supabase_api.auth.routes import Auth
from local.supabase_api.missing import realtime_routes
from local.supabase_api.storage.routes import storage_routes
from shared.storage.factory import get_storage
from shared.storage.local_directory import LocalStorage

EXPOSED_HEADERS = (
    "X-Supabase-Api-Version",
    *("Location", "Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version"),
    *("Upload-Expires", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
)


def create_app() -> Starlette:
    """Create the application from the environment of the functions."""
    storage = get_storage()
    if not isinstance(storage, LocalStorage):
        raise TypeError("STORAGE_DIRECTORY is not set: there is nothing to serve")
    return Starlette(
        routes=[
            Mount("/auth/v1", routes=_auth().routes()),
            Mount("/storage/v1", routes=storage_routes(storage)),
            Mount("/realtime/v1", routes=realtime_routes()),
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=("*",),
                allow_methods=("*",),
                allow_headers=("*",),
                expose_headers=EXPOSED_HEADERS,
            ),
            Middleware(DrainUnreadBody),
        ],
    )


def accounts() -> Accounts:
    """The accounts of this project's database."""
    return Accounts(os.environ["AUTH_DATABASE_URL"])


def _auth() -> Auth:
    return Auth(
        accounts=accounts(),
        jwt_secret=os.environ["SUPABASE_JWT_SECRET"],
        jwt_issuer=os.environ["SUPABASE_JWT_ISSUER"],
    )
