"""Triggers lease cleanup at a fixed period, as a cloud scheduler does."""

import os
import sys
import time
import urllib.error
import urllib.request

_TIMEOUT_SECONDS = 60


def main() -> None:
    """Calls CLEANUP_URL every CLEANUP_PERIOD seconds. A failed call is logged and does not stop the loop."""
    url, secret = os.environ["CLEANUP_URL"], os.environ["INTERNAL_SECRET"]
    period_seconds = float(os.environ["CLEANUP_PERIOD"])
    while True:
        time.sleep(period_seconds)
        try:
            trigger_cleanup(url, secret)
        except (OSError, urllib.error.URLError) as error:
            print(f"cleanup failed: {error}", file=sys.stderr, flush=True)


def trigger_cleanup(url: str, secret: str) -> bytes:
    """Sends one POST and returns the counts. Raises OSError when cleanup is unreachable or responds with an error."""
    request = urllib.request.Request(  # noqa: S310 - the stack's own address
        url, method="POST", data=b"", headers={"Authorization": f"Bearer {secret}"}
    )
    opened = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)  # noqa: S310  # nosec B310
    with opened as response:
        return response.read()


if __name__ == "__main__":
    main()
