"""Signing in with the real supabase-js: sessions, refresh tokens, and the errors that a page may have to show."""

from pathlib import Path

from tests.support import javascript
from tests.support.backend import Backend
from tests.support.library_client import Api
from tests.support.supabase_api import SupabaseApiProcess

PROGRAM = Path(__file__).with_name("sign_in.ts")
ALREADY_USED = [400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"]
NOT_FOUND = [400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"]
WRONG = [400, "invalid_credentials", "Invalid login credentials"]


async def test_a_page_signs_in_and_out(
    supabase_api: SupabaseApiProcess, backend: Backend, running: Api
) -> None:
    developer = supabase_api.developer
    seen = await javascript.run(
        PROGRAM,
        {
            "url": backend.gateway.url,
            "anon_key": backend.gateway.anon_key,
            "service_key": backend.gateway.service_role_key,
            "email": developer.email,
            "password": developer.password,
        },
    )
    assert seen["user"]["id"] == seen["session"]["user"] == developer.id
    assert seen["user"]["email"] == developer.email
    assert seen["session"]["token_type"] == "bearer"
    assert seen["session"]["expires_in"] == 3600
    assert seen["rotated"]
    assert seen["rows"] == []
    assert seen["signedOut"] is None
    assert seen["created"] == seen["other"] != developer.id

    bearer = {"Authorization": f"Bearer {seen['session']['access_token']}"}
    made = await running.http.post("projects", json={"name": "Mine"}, headers=bearer)
    assert made.status_code == 201
    assert (await running.get(f"projects/{made.json()['id']}")).status_code == 404

    signed_up = seen["failures"].pop("signedUp")
    assert signed_up[:2] == [422, "signup_disabled"]
    assert seen["failures"] == {
        "wrong": WRONG,
        "unknown": WRONG,
        "nobody": "AuthSessionMissingError",
        "linked": [404, "not_found"],
        "usedAgain": ALREADY_USED,
        "afterTheft": ALREADY_USED,
        "madeUp": NOT_FOUND,
        "forged": [403, "bad_jwt"],
        "afterwards": "AuthSessionMissingError",
        "lateRefresh": NOT_FOUND,
        "twice": [
            422,
            "email_exists",
            "A user with this email address has already been registered",
        ],
        "notAdmin": [403, "not_admin", "User not allowed"],
    }
    assert "upload_url and resumable" in seen["download"]
    assert seen["channel"] in {"CHANNEL_ERROR", "TIMED_OUT"}
