"""What a refused call means: one table of every code and status with which PostgREST, Postgres or a gateway refuses.

Three questions are answered for each: may the same call succeed later, had the refused call any effect, and does it
help to repeat the call at once? What the table does not name is final if it is a code, and decided by its hundred if
it is a status.

Sources, as named at each part of the table:

[errors] https://docs.postgrest.org/en/v12/references/errors.html and the same page of v13, v14 and latest
[changes] https://github.com/PostgREST/postgrest/blob/main/CHANGELOG.md, for what differs between versions
[postgres] https://www.postgresql.org/docs/current/errcodes-appendix.html
[supabase] https://supabase.com/docs/guides/api/rest/postgrest-error-codes
[platform] https://supabase.com/docs/guides/platform/http-status-codes
[cloudflare] https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
[kong] https://github.com/Kong/kong/issues/3518 and 4661, for the messages of its 502, 503 and 504
[rfc] https://www.rfc-editor.org/rfc/rfc9110#name-status-codes, RFC 6585 and RFC 8470
"""

from enum import Enum
from typing import NamedTuple


class Refusal(Enum):
    """The kinds of refusals. Each is a 503 with Retry-After to a client, unless the caller expects the code."""

    NOT_APPLIED = "not_applied"
    """Transient, and the call had no effect: it never ran, or was rolled back. Any call may be repeated at once."""

    UNKNOWN = "unknown"
    """Transient, and the call may have taken effect: only a call that is safe to replay may be repeated."""

    UNUSABLE = "unusable"
    """Repeating the call helps only after someone has acted: a rotated key is replaced, a migration is applied, a
    paused project is resumed. The call had no effect, or its result has another form than this code expects."""

    REJECTED = "rejected"
    """Final: this call, with these arguments, is always refused."""


class Row(NamedTuple):
    """A line of the table."""

    refusal: Refusal
    statuses: tuple[int, ...]
    """Each status with which it is sent; more than one where versions of PostgREST differ."""
    message: str
    """As PostgREST or the gateway words it, or what the documentation says of it."""


_NOT_APPLIED, _UNKNOWN = Refusal.NOT_APPLIED, Refusal.UNKNOWN
_UNUSABLE, _REJECTED = Refusal.UNUSABLE, Refusal.REJECTED

BY_CODE: dict[str, Row] = {
    # [errors] Group 0, connection. PostgREST has no connection, no schema cache, or no free connection in its pool: it
    # did not run the call.
    "PGRST000": Row(_NOT_APPLIED, (503,), "Database connection error. Retrying the connection."),
    # A client error of the connection: assumed to be possible while the call was running.
    "PGRST001": Row(_UNKNOWN, (503,), "Database client error. Retrying the connection."),
    "PGRST002": Row(
        _NOT_APPLIED, (503,), "Could not query the database for the schema cache. Retrying."
    ),
    "PGRST003": Row(_NOT_APPLIED, (504,), "Timed out acquiring connection from connection pool."),
    # [errors] Group 1, request. This code wrote the request, so what is wrong with it stays wrong.
    "PGRST100": Row(_REJECTED, (400,), "failed to parse query string"),
    "PGRST101": Row(_REJECTED, (405,), "Cannot use the PUT method on RPC"),
    "PGRST102": Row(_REJECTED, (400,), "Empty or invalid json"),
    "PGRST103": Row(_REJECTED, (416,), "Requested range not satisfiable"),
    "PGRST105": Row(_REJECTED, (405,), "Filters must include all primary key columns"),
    "PGRST106": Row(_UNUSABLE, (406,), "The schema must be one of the following: api"),
    "PGRST107": Row(
        _REJECTED, (415, 406), "None of these media types are available"
    ),  # 406 since 12.0.3
    "PGRST108": Row(_REJECTED, (400,), "not an embedded resource in this request"),
    "PGRST109": Row(_REJECTED, (400,), "A limit was applied without an order"),  # before 13
    "PGRST110": Row(_REJECTED, (400,), "The maximum number of rows was surpassed"),  # before 13
    # A function made headers or a status that are none: perhaps after it ran.
    "PGRST111": Row(_UNUSABLE, (500,), "response.headers guc must be a JSON array"),
    "PGRST112": Row(_UNUSABLE, (500,), "response.status guc must be a valid status code"),
    "PGRST114": Row(_REJECTED, (400,), "limit/offset are not allowed for PUT"),
    "PGRST115": Row(_REJECTED, (400,), "Payload values do not match URL"),
    "PGRST116": Row(_REJECTED, (406,), "Cannot coerce the result to a single JSON object"),
    "PGRST117": Row(_REJECTED, (405,), "Unsupported HTTP method"),
    "PGRST118": Row(_REJECTED, (400,), "A related order is not possible"),
    "PGRST119": Row(_REJECTED, (400,), "A spread operation is not possible"),  # before 13
    "PGRST120": Row(_REJECTED, (400,), "Bad operator on the embedded resource"),
    "PGRST121": Row(_UNUSABLE, (500,), "Could not parse JSON in the RAISE SQLSTATE 'PGRST' error"),
    "PGRST122": Row(_REJECTED, (400,), "Invalid preferences given with handling=strict"),
    "PGRST123": Row(_REJECTED, (400,), "Use of aggregate functions is not allowed"),
    "PGRST124": Row(_REJECTED, (400,), "Query result exceeds max-affected"),  # since 12.2
    "PGRST125": Row(_UNUSABLE, (404,), "Invalid path specified in request URL"),  # since 13
    "PGRST126": Row(_UNUSABLE, (404,), "Root endpoint metadata is disabled"),  # since 13
    "PGRST127": Row(_REJECTED, (400,), "Feature not implemented"),  # since 13
    "PGRST128": Row(_REJECTED, (400,), "Function must return SETOF or TABLE"),  # since 14
    # [errors] Group 2, schema cache. A migration is pending, or the schema cache is being loaded again.
    "PGRST200": Row(_UNUSABLE, (400,), "Could not find a relationship in the schema cache"),
    "PGRST201": Row(_UNUSABLE, (300,), "More than one relationship was found"),
    "PGRST202": Row(_UNUSABLE, (404,), "Could not find the function in the schema cache"),
    "PGRST203": Row(_UNUSABLE, (300,), "Could not choose the best candidate function"),
    "PGRST204": Row(_UNUSABLE, (400,), "Could not find the column in the schema cache"),
    "PGRST205": Row(
        _UNUSABLE, (404,), "Could not find the table in the schema cache"
    ),  # since 13; before, 42P01
    # [errors] Group 3, tokens. PostgREST's configuration, or a key that is not valid (any more).
    "PGRST300": Row(_UNUSABLE, (500,), "Server lacks JWT secret"),
    "PGRST301": Row(_UNUSABLE, (401,), "JWT cryptographic operation failed"),
    "PGRST302": Row(_UNUSABLE, (401,), "Anonymous access is disabled"),
    # A claim of the token; 12 sends PGRST301. The gateway makes a token for each call with an API key, and PostgREST's
    # clock may be behind: https://github.com/supabase/supabase/issues/50651, https://github.com/PostgREST/postgrest/issues/5196
    "PGRST303": Row(_NOT_APPLIED, (401,), "JWT issued at future"),
    # [errors] Group X: PostgREST's own fault.
    "PGRSTX00": Row(_UNKNOWN, (500,), "Unexpected result"),
    # [errors] [postgres] SQLSTATEs, and their classes: the first two characters.
    "08": Row(_UNKNOWN, (503,), "connection exception"),  # ended, perhaps after the commit
    "09": Row(_REJECTED, (500,), "triggered action exception"),
    "0L": Row(_UNUSABLE, (403,), "invalid grantor"),
    "0P": Row(_UNUSABLE, (403,), "invalid role specification"),
    "21000": Row(_REJECTED, (400, 500), "cardinality violation"),  # 500 since 12.0.3
    "22023": Row(_REJECTED, (400, 401), "invalid parameter value"),  # 401 for a role, since 13.0.1
    "23503": Row(_REJECTED, (409,), "foreign key violation"),
    "23505": Row(_REJECTED, (409,), "unique violation"),
    "25": Row(_UNUSABLE, (500,), "invalid transaction state"),
    "25006": Row(_NOT_APPLIED, (405,), "read only sql transaction"),  # a standby during a failover
    "25P02": Row(_NOT_APPLIED, (500,), "in failed sql transaction"),
    "25P03": Row(_NOT_APPLIED, (500,), "idle in transaction session timeout"),
    "25P04": Row(_NOT_APPLIED, (500,), "transaction timeout"),
    # A pooler in transaction mode before PostgREST: https://docs.postgrest.org/en/stable/references/configuration.html
    "26000": Row(_NOT_APPLIED, (400,), "prepared statement does not exist"),
    "42P05": Row(_NOT_APPLIED, (400,), "prepared statement already exists"),
    "28": Row(_UNUSABLE, (403,), "invalid authorization specification"),  # PostgREST may not log in
    "2D": Row(_REJECTED, (500,), "invalid transaction termination"),
    "38": Row(_REJECTED, (500,), "external routine exception"),
    "39": Row(_REJECTED, (500,), "external routine invocation exception"),
    "3B": Row(_REJECTED, (500,), "savepoint exception"),
    "3D000": Row(_UNUSABLE, (400,), "invalid catalog name"),
    "3F000": Row(_UNUSABLE, (400,), "invalid schema name"),
    "40": Row(_NOT_APPLIED, (500,), "transaction rollback"),
    "40001": Row(_NOT_APPLIED, (500,), "serialization failure"),
    "40003": Row(_UNKNOWN, (500,), "statement completion unknown"),
    "40P01": Row(_NOT_APPLIED, (500,), "deadlock detected"),
    "42501": Row(_UNUSABLE, (403, 401), "insufficient privilege"),  # a grant is missing
    "42703": Row(_UNUSABLE, (400,), "undefined column"),
    "42704": Row(_UNUSABLE, (400,), "undefined object"),
    "42883": Row(_UNUSABLE, (404,), "undefined function"),
    "42P01": Row(_UNUSABLE, (404,), "undefined table"),
    "42P17": Row(
        _UNUSABLE, (400, 500), "infinite recursion detected in policy"
    ),  # 500 since 12.0.3
    "53": Row(_NOT_APPLIED, (503,), "insufficient resources"),  # out of connections, memory or disk
    "53400": Row(_NOT_APPLIED, (503, 500), "configuration limit exceeded"),  # 500 since 12.2
    "54": Row(_REJECTED, (413, 500), "program limit exceeded"),  # 500 since 12.2
    "55": Row(_REJECTED, (500,), "object not in prerequisite state"),
    "55006": Row(_NOT_APPLIED, (500,), "object in use"),
    "55P03": Row(_NOT_APPLIED, (500,), "canceling statement due to lock timeout"),
    "57": Row(_UNKNOWN, (500,), "operator intervention"),
    "57014": Row(
        _NOT_APPLIED, (500,), "canceling statement due to statement timeout"
    ),  # rolled back
    "57P01": Row(
        _UNKNOWN, (500, 503), "terminating connection due to administrator command"
    ),  # 503 since 14
    "57P03": Row(_NOT_APPLIED, (500,), "the database system is starting up"),
    "58": Row(_UNKNOWN, (500,), "system error"),
    "F0": Row(_UNUSABLE, (500,), "configuration file error"),
    "HV": Row(_UNUSABLE, (500,), "foreign data wrapper error"),
    "P0": Row(_REJECTED, (500,), "PL/pgSQL error"),
    "P0001": Row(_REJECTED, (400,), "raise exception"),
    "XX": Row(_UNUSABLE, (500,), "internal error"),
    # "cache lookup failed for function": a migration dropped and created it while the call was running.
    "XX000": Row(_NOT_APPLIED, (500,), "cache lookup failed for function"),
}
"""By a whole code, or by the class of a SQLSTATE. Any other code is REJECTED; PostgREST sends it with 400."""

BY_STATUS: dict[int, Row] = {
    # Sources: [rfc], [platform], [kong].
    # Not the caller's fault, whose requests are complete: the rest of this one was lost on the way to the gateway.
    400: Row(_UNKNOWN, (400,), "Bad Request"),
    401: Row(_UNUSABLE, (401,), "Invalid API key"),
    402: Row(_UNUSABLE, (402,), "exceed_egress_quota"),
    403: Row(_UNUSABLE, (403,), "Forbidden"),
    404: Row(_UNUSABLE, (404,), "no Route matched with those values"),
    405: Row(_UNUSABLE, (405,), "Method Not Allowed"),
    406: Row(_REJECTED, (406,), "Not Acceptable"),
    408: Row(_UNKNOWN, (408,), "Request Timeout"),
    411: Row(_REJECTED, (411,), "Length Required"),
    412: Row(_REJECTED, (412,), "Precondition Failed"),
    413: Row(_REJECTED, (413,), "Request size limit exceeded"),
    414: Row(_REJECTED, (414,), "URI Too Long"),
    415: Row(_REJECTED, (415,), "Unsupported Media Type"),
    416: Row(_REJECTED, (416,), "Range Not Satisfiable"),
    417: Row(_REJECTED, (417,), "Expectation Failed"),
    422: Row(_REJECTED, (422,), "Unprocessable Content"),
    425: Row(_NOT_APPLIED, (425,), "Too Early"),
    429: Row(_NOT_APPLIED, (429,), "API rate limit exceeded"),
    431: Row(_REJECTED, (431,), "Request Header Fields Too Large"),
    500: Row(_UNKNOWN, (500,), "An unexpected error occurred"),
    502: Row(_UNKNOWN, (502,), "An invalid response was received from the upstream server"),
    503: Row(_UNKNOWN, (503,), "failure to get a peer from the ring-balancer"),
    504: Row(_UNKNOWN, (504,), "The upstream server is timing out"),
    # [cloudflare] It did not reach the origin with 521, 523, 525, 526 and 530: refused, unreachable, no TLS, no DNS.
    520: Row(_UNKNOWN, (520,), "error code: 520"),
    521: Row(_NOT_APPLIED, (521,), "error code: 521"),
    522: Row(_UNKNOWN, (522,), "error code: 522"),  # or reached, and not acknowledged
    523: Row(_NOT_APPLIED, (523,), "error code: 523"),
    524: Row(_UNKNOWN, (524,), "error code: 524"),
    525: Row(_NOT_APPLIED, (525,), "error code: 525"),
    526: Row(_NOT_APPLIED, (526,), "error code: 526"),
    527: Row(_UNKNOWN, (527,), "error code: 527"),
    530: Row(_NOT_APPLIED, (530,), "error code: 1016"),
    # Source: [platform].
    540: Row(_UNUSABLE, (540,), "the project is paused"),
    544: Row(_UNKNOWN, (544,), "project API gateway timeout"),
    546: Row(_UNUSABLE, (546,), "edge function resource limit"),
}
"""By the status of a response that is not PostgREST's. Other redirects and 4xx are UNUSABLE, all others UNKNOWN."""

_FROM_THE_FUTURE = ("JWTIssuedAtFuture", "JWT issued at future")
"""How PostgREST 12 and later say so."""

_STATUS_LENGTH = 3


def classify(code: str, message: str = "") -> Refusal:
    """The kind of a refusal by its code: PostgREST's own, a SQLSTATE, or an HTTP status as text if it has neither."""
    if not code:
        return Refusal.UNKNOWN
    if len(code) == _STATUS_LENGTH and code.isdecimal():
        return _of_status(int(code))
    if code == "PGRST301" and any(words in message for words in _FROM_THE_FUTURE):
        return Refusal.NOT_APPLIED
    row = BY_CODE.get(code) or BY_CODE.get(code[:2])
    return row.refusal if row else Refusal.REJECTED


def _of_status(status: int) -> Refusal:
    by_default = Refusal.UNUSABLE if 300 <= status < 500 else Refusal.UNKNOWN  # noqa: PLR2004
    row = BY_STATUS.get(status)
    return row.refusal if row else by_default
