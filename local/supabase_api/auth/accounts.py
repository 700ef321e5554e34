"""Users, their sessions and refresh tokens: rows of the schema auth, with Supabase's names."""

import secrets
from asyncio import to_thread
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from local.supabase_api.auth import errors, passwords


@dataclass(frozen=True, kw_only=True)
class Session:
    """A signed-in user: the session's id, and the refresh token that continues it."""

    id: UUID
    user: DictRow
    refresh_token: str


@dataclass(frozen=True)
class Accounts:
    """The accounts of one database."""

    database_url: str

    async def ensure_user(self, user_id: UUID, email: str, password: str) -> None:
        """Create a user, or give an existing one this address and password."""
        stored = await to_thread(passwords.hashed, password)
        async with await self._connect() as connection:
            await connection.execute(
                """
                insert into auth.users (id, email, encrypted_password) values (%s, %s, %s)
                on conflict (id) do update set email = excluded.email, encrypted_password = excluded.encrypted_password
                """,
                [user_id, email, stored],
            )

    async def create_user(self, email: str, password: str, metadata: dict[str, Any]) -> DictRow:
        """Create a user. Raises EMAIL_EXISTS."""
        stored = await to_thread(passwords.hashed, password)
        async with await self._connect() as connection:
            created = await connection.execute(
                """
                insert into auth.users (id, email, encrypted_password, raw_user_meta_data) values (%s, %s, %s, %s)
                on conflict (email) do nothing returning *
                """,
                [uuid4(), email.lower(), stored, Jsonb(metadata)],
            )
            user = await created.fetchone()
        if user is None:
            raise errors.EMAIL_EXISTS
        return user

    async def sign_in(self, email: str, password: str) -> Session:
        """Begin a session. Raises WRONG_CREDENTIALS, which does not tell whether there is such a user."""
        async with await self._connect() as connection:
            found = await connection.execute(
                "select * from auth.users where email = %s", [email.lower()]
            )
            user = await found.fetchone()
            if user is None or not await to_thread(
                passwords.matches, password, user["encrypted_password"]
            ):
                raise errors.WRONG_CREDENTIALS
            session_id = uuid4()
            insert = "insert into auth.sessions (id, user_id) values (%s, %s)"
            await connection.execute(insert, [session_id, user["id"]])
            return await _continued(connection, user["id"], session_id)

    async def refresh(self, token: str) -> Session:
        """Continue a session: the token is used up, and a new one replaces it.

        Raises NO_SUCH_REFRESH_TOKEN; or USED_REFRESH_TOKEN, after which no token of the session is valid: one of two
        users of a token has stolen it.
        """
        async with await self._connect() as connection:
            query = "select * from auth.refresh_tokens where token = %s for update"
            row = await (await connection.execute(query, [token])).fetchone()
            if row is None:
                raise errors.NO_SUCH_REFRESH_TOKEN
            revoke = "update auth.refresh_tokens set revoked = true where session_id = %s"
            await connection.execute(revoke, [row["session_id"]])
            if not row["revoked"]:
                return await _continued(connection, row["user_id"], row["session_id"])
        raise errors.USED_REFRESH_TOKEN

    async def user(self, user_id: UUID, session_id: UUID | None) -> DictRow:
        """The user of a session. Raises NO_SESSION once it has ended."""
        query = "select u.* from auth.users u where u.id = %(user)s"
        if session_id is not None:
            query += " and exists (select from auth.sessions s where s.id = %(session)s and s.user_id = u.id)"
        async with await self._connect() as connection:
            found = await connection.execute(query, {"user": user_id, "session": session_id})
            user = await found.fetchone()
        if user is None:
            raise errors.NO_SESSION
        return user

    async def sign_out(self, user_id: UUID, session_id: UUID | None, scope: str) -> None:
        """End this session (`local`), the user's other ones (`others`), or all of them (`global`)."""
        async with await self._connect() as connection:
            await connection.execute(
                """
                delete from auth.sessions
                where user_id = %(user)s and case %(scope)s
                  when 'local' then id = %(session)s
                  when 'others' then id <> %(session)s
                  else true
                end
                """,
                {"user": user_id, "session": session_id, "scope": scope},
            )

    async def _connect(self) -> AsyncConnection[DictRow]:
        """A connection whose block is one transaction."""
        return await AsyncConnection[DictRow].connect(
            self.database_url, row_factory=dict_row, connect_timeout=5
        )


async def _continued(
    connection: AsyncConnection[DictRow], user_id: UUID, session_id: UUID
) -> Session:
    token = secrets.token_urlsafe(16)
    await connection.execute(
        "insert into auth.refresh_tokens (token, user_id, session_id) values (%s, %s, %s)",
        [token, user_id, session_id],
    )
    updated = await connection.execute(
        "update auth.users set last_sign_in_at = now() where id = %s returning *", [user_id]
    )
    user = await updated.fetchone()
    if user is None:
        raise errors.NO_SUCH_REFRESH_TOKEN
    return Session(id=session_id, user=user, refresh_token=token)
