"""The gateway's hosted mode: a share of all calls of the data API fails as calls of hosted Supabase now and then do.

Three in four of them are refused before they reach PostgREST. One in four takes effect, and its response is lost.
A call is chosen by the random id that Caddy gives to each request: by its first digits for how, by its last for what.
Sources: see shared/database/refusals.py.
"""

from string import Template

_REFUSED = Template("""
			@refused expression `{http.request.uuid} < "$refused"`
			handle @refused {
				@future expression `{http.request.uuid}.matches("[0-9]$$")`
				@no_connection expression `{http.request.uuid}.endsWith("a")`
				@no_schema expression `{http.request.uuid}.endsWith("b")`
				@pool expression `{http.request.uuid}.endsWith("c")`
				@down expression `{http.request.uuid}.endsWith("d")`
				@no_tls expression `{http.request.uuid}.endsWith("e")`
				header Content-Type application/json
				respond @future `{"code":"PGRST303","details":null,"hint":null,"message":"JWT issued at future"}` 401
				respond @no_connection `{"code":"PGRST000","details":"","hint":null,"message":"Database connection error"}` 503
				respond @no_schema `{"code":"PGRST002","details":null,"hint":null,"message":"Could not query the database for the schema cache. Retrying."}` 503
				respond @pool `{"code":"PGRST003","details":null,"hint":null,"message":"Timed out acquiring connection from connection pool."}` 504
				respond @down "error code: 521" 521
				respond @no_tls "error code: 525" 525
				respond `{"message":"Too many requests"}` 429
			}
""")  # noqa: E501

_LOST = Template("""
				handle_response {
					@lost expression `{http.request.uuid} < "$refused_or_lost"`
					handle @lost {
						@unknown_error expression `{http.request.uuid}.matches("[0-7]$$")`
						@too_late expression `{http.request.uuid}.matches("[89ab]$$")`
						respond @unknown_error "error code: 520" 520
						respond @too_late "error code: 524" 524
						respond "error code: 502" 502
					}
					copy_response
				}
""")

_REFUSED_SHARE = 0.75
_DIGITS = 6


def refused_calls(rate: float) -> str:
    """Directives for calls that are refused; empty with a rate of 0."""
    return _REFUSED.substitute(refused=_id_below(rate * _REFUSED_SHARE)) if rate else ""


def lost_responses(rate: float) -> str:
    """Directives inside PostgREST's reverse_proxy for calls whose response is lost; empty with a rate of 0."""
    return _LOST.substitute(refused_or_lost=_id_below(rate)) if rate else ""


def _id_below(share: float) -> str:
    """The first digits of the id below which this share of all ids lies."""
    return f"{round(share * 16**_DIGITS):0{_DIGITS}x}"
