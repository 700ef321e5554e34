"""What a refused call means: one table of every code and status with which PostgREST, Postgres or a gateway refuses.

Three questions are answered for each: may the same call succeed later, had the refused call any effect, and does it
help to repeat the call at once? The codes are those that the pages of PostgREST and Supabase list, and PGRST303, which
is known from reports.

Sources: https://docs.postgrest.org/en/stable/references/errors.html,
https://www.postgresql.org/docs/current/errcodes-appendix.html,
https://supabase.com/docs/guides/api/rest/postgrest-error-codes,
https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/,
https://github.com/supabase/supabase/issues/50651 (PGRST303 to a valid key),
https://supabase.com/docs/guides/platform/http-status-codes (402, 540).
"""

from enum import Enum


class Refusal(Enum):
    """The kinds of refusals. All but REJECTED are a 503 with Retry-After to a client."""

    NOT_APPLIED = "not_applied"
    """Transient, and the call had no effect: it never ran, or was rolled back. Any call may be repeated at once."""

    UNKNOWN = "unknown"
    """Transient, and the call may have taken effect: only a call that is safe to replay may be repeated."""

    UNUSABLE = "unusable"
    """Repeating the call helps only after someone has acted: a rotated key is replaced, a migration is applied, a
    paused project is resumed. The call had no effect, or its result has another form than this code expects."""

    REJECTED = "rejected"
    """Final: this call, with these arguments, is always refused."""


_BY_CODE: dict[str, Refusal] = {
    # PostgREST has no connection, no schema cache, or no free connection in its pool: it did not run the call.
    "PGRST000": Refusal.NOT_APPLIED,
    "PGRST001": Refusal.UNKNOWN,  # a client error of the connection: assumed to be possible while the call was running
    "PGRST002": Refusal.NOT_APPLIED,
    "PGRST003": Refusal.NOT_APPLIED,
    "PGRST106": Refusal.UNUSABLE,  # the schema is not exposed
    # Stale or missing functions and tables: a migration is pending, or the schema cache is being reloaded.
    "PGRST200": Refusal.UNUSABLE,
    "PGRST201": Refusal.UNUSABLE,
    "PGRST202": Refusal.UNUSABLE,
    "PGRST203": Refusal.UNUSABLE,
    "PGRST204": Refusal.UNUSABLE,
    "PGRST205": Refusal.UNUSABLE,
    # PostgREST's configuration, or a key that is not valid (any more)
    "PGRST300": Refusal.UNUSABLE,
    "PGRST301": Refusal.UNUSABLE,
    "PGRST302": Refusal.UNUSABLE,
    # A claim of the token. The gateway makes one for each call with an API key, and PostgREST's clock may be behind.
    "PGRST303": Refusal.NOT_APPLIED,
    "PGRSTX00": Refusal.UNKNOWN,  # PostgREST's own fault
    "25006": Refusal.NOT_APPLIED,  # read-only: a standby during a failover
    "28": Refusal.UNUSABLE,  # PostgREST may not log in
    "3D000": Refusal.UNUSABLE,
    "3F000": Refusal.UNUSABLE,
    "40001": Refusal.NOT_APPLIED,
    "40P01": Refusal.NOT_APPLIED,
    "40003": Refusal.UNKNOWN,  # "statement completion unknown"
    "42501": Refusal.UNUSABLE,  # a grant is missing
    "42883": Refusal.UNUSABLE,
    "42P01": Refusal.UNUSABLE,
    "53": Refusal.NOT_APPLIED,  # out of connections, memory or disk
    "55P03": Refusal.NOT_APPLIED,  # lock timeout
    "57014": Refusal.NOT_APPLIED,  # statement timeout: rolled back
    "57P03": Refusal.NOT_APPLIED,  # starting up
    # The connection or the server ended, perhaps after the commit.
    "08": Refusal.UNKNOWN,
    "57": Refusal.UNKNOWN,
    "58": Refusal.UNKNOWN,
    # "cache lookup failed for function": a migration dropped and created it while the call was running.
    "XX000": Refusal.NOT_APPLIED,
}
"""By a whole code, or by the class of a SQLSTATE (its first two characters). Any other code is REJECTED."""

_BY_STATUS: dict[int, Refusal] = {
    **dict.fromkeys((425, 429), Refusal.NOT_APPLIED),
    # Not the caller's fault, whose requests are complete: the rest of this one was lost on the way to the gateway.
    **dict.fromkeys((400, 408), Refusal.UNKNOWN),
    **dict.fromkeys((406, 411, 412, 413, 414, 415, 416, 417, 422, 431), Refusal.REJECTED),
    # Cloudflare did not reach the origin: refused, unreachable, no TLS, no DNS.
    **dict.fromkeys((521, 523, 525, 526, 530), Refusal.NOT_APPLIED),
    540: Refusal.UNUSABLE,  # the project is paused
}
"""By the status of a response that is not PostgREST's. Other redirects and 4xx are UNUSABLE, all others UNKNOWN."""

_ISSUED_AT_FUTURE = "issued at future"
_STATUS_LENGTH = 3


def classify(code: str, message: str = "") -> Refusal:
    """The kind of a refusal by its code: PostgREST's own, a SQLSTATE, or an HTTP status as text if it has neither."""
    if not code:
        return Refusal.UNKNOWN
    if len(code) == _STATUS_LENGTH and code.isdecimal():
        return _of_status(int(code))
    if code == "PGRST301" and _ISSUED_AT_FUTURE in message:  # as PostgREST 12 says PGRST303
        return Refusal.NOT_APPLIED
    return _BY_CODE.get(code) or _BY_CODE.get(code[:2]) or Refusal.REJECTED


def _of_status(status: int) -> Refusal:
    by_default = Refusal.UNUSABLE if 300 <= status < 500 else Refusal.UNKNOWN  # noqa: PLR2004
    return _BY_STATUS.get(status, by_default)
