"""The URL of a webhook, as it is checked at registration. What its name resolves to is checked at each delivery."""

from ipaddress import ip_address

from yarl import URL

from shared.webhooks.addresses import is_loopback, is_public
from shared.webhooks.settings import get_webhook_settings

MAX_LENGTH = 1999
"""Of a URL as it is given. Its normal form may have one character more, the path `/`; the tables take 2000."""


def checked_url(text: str) -> str:
    """The URL in its normal form. Raises ValueError, which says what is wrong, without the URL."""
    if len(text) > MAX_LENGTH or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"a URL has at most {MAX_LENGTH} visible ASCII characters")
    try:
        url = URL(text)
        host = url.host
        port = url.port
    except ValueError:
        raise ValueError("this is not a URL") from None
    local = get_webhook_settings().webhooks_to_loopback
    if url.scheme not in (("https", "http") if local else ("https",)):
        raise ValueError("the URL must begin with https://")
    if not host or not port:
        raise ValueError("the URL has no host")
    if url.user is not None or url.password is not None or "#" in text:
        raise ValueError("the URL must not have a user, a password or a fragment")
    if _is_refused(host, local=local):
        raise ValueError("the URL must lead to a public address")
    normal = str(url)
    if len(normal) > MAX_LENGTH + 1:
        raise ValueError(f"a URL has at most {MAX_LENGTH} visible ASCII characters")
    return normal


def is_allowed(address: str, *, local: bool) -> bool:
    """Whether a webhook may be sent to this address."""
    return is_public(address) or (local and is_loopback(address))


def _is_refused(host: str, *, local: bool) -> bool:
    """Whether a host is an address that is not allowed, or another way to write one: 2130706433, 0x7f.1, 127.1."""
    try:
        ip_address(host)
    except ValueError:
        return host.rstrip(".").rpartition(".")[2][:1].isdigit()
    return not is_allowed(host, local=local)
