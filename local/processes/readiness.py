"""Whether an HTTP server of the stack responds."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping

_TIMEOUT_SECONDS = 5
_SERVER_ERROR = 500


def responds(url: str) -> bool:
    """Whether a server responds with anything but a 5xx status."""
    return (_status(url, {}, "GET") or _SERVER_ERROR) < _SERVER_ERROR


def responds_ok(url: str, headers: Mapping[str, str], *, method: str = "GET") -> bool:
    """Whether a server responds with 200."""
    return _status(url, headers, method) == http.HTTPStatus.OK


def _status(url: str, headers: Mapping[str, str], method: str) -> int | None:
    request = urllib.request.Request(url, headers=dict(headers), method=method)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return None
