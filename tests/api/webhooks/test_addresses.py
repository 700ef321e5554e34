"""No webhook reaches an address that is not public: however it is written, whatever DNS or a redirect says."""

import socket
from uuid import uuid4

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.webhooks.addresses import is_public
from shared.webhooks.connector import guarded_session
from shared.webhooks.sending import Delivery, post
from shared.webhooks.settings import WebhookSettings
from shared.webhooks.urls import MAX_LENGTH, checked_url
from tests.api.webhooks.receiver import Receiver, receiving

NOT_PUBLIC = "the host is at an address that is not public"

HOSTS = [
    "127.0.0.1",
    "127.8.8.8",
    "127.1",  # short
    "2130706433",  # decimal
    "0x7f000001",  # hexadecimal
    "0x7f.1",
    "017700000001",  # octal
    "0177.0.0.1",
    "0",
    "0.0.0.0",  # noqa: S104  # nosec B104 - an address that must not be reached
    "localhost",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",  # IPv4-mapped
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",  # IPv4-compatible
    "[64:ff9b::7f00:1]",  # NAT64
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",  # 6to4
    "[2001:0:7f00:1::]",  # Teredo
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",  # CGNAT
    "169.254.169.254",  # metadata
    "168.63.129.16",  # Azure
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fc00::1]",
    "224.0.0.1",
    "[ff02::1]",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "[2001:db8::1]",
]


def delivery(url: str) -> Delivery:
    """A claimed delivery."""
    return Delivery(id=uuid4(), attempt=1, url=url, payload={}, secrets=("whsec_c2VjcmV0",))


class Answers(AbstractResolver):
    """A name server that gives these addresses, one list a question."""

    def __init__(self, port: int, *lists: list[str]) -> None:
        self._port, self._lists = port, list(lists)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The next list."""
        del port, family
        addresses = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("host", HOSTS)
async def test_a_host_that_is_not_public_gets_no_connection(receiver: Receiver, host: str) -> None:
    async with guarded_session(local=False) as session:
        status, error = await post(session, delivery(f"http://{host}:{receiver.port}/"))
    assert status is None
    assert error in (NOT_PUBLIC, "the URL cannot be used", "the host was not found")
    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "localhost", "[::1]"])
async def test_these_hosts_are_refused_for_their_address(receiver: Receiver, host: str) -> None:
    async with guarded_session(local=False) as session:
        assert await post(session, delivery(f"http://{host}:{receiver.port}/")) == (
            None,
            NOT_PUBLIC,
        )
    async with guarded_session(local=True) as session:
        status, _ = await post(session, delivery(f"http://127.0.0.1:{receiver.port}/"))
    assert status == 204, "the receiver is there"


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"]])
async def test_a_name_is_refused_if_one_of_its_addresses_is_not_public(
    receiver: Receiver, addresses: list[str]
) -> None:
    async with guarded_session(local=False, resolver=Answers(receiver.port, addresses)) as session:
        error = await post(session, delivery("http://hooks.example/"))
    assert error == (None, NOT_PUBLIC)
    assert receiver.connections == 0


async def test_a_name_that_changes_its_address_is_refused_when_it_does(receiver: Receiver) -> None:
    """The first answer is allowed here, as that of this machine; the second is the private address."""
    resolver = Answers(receiver.port, ["127.0.0.1"], ["10.0.0.1"])
    async with guarded_session(local=True, resolver=resolver) as session:
        assert await post(session, delivery("http://hooks.example/")) == (204, None)
        assert await post(session, delivery("http://hooks.example/")) == (None, NOT_PUBLIC)


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    async with receiving() as other, guarded_session(local=True) as session:
        receiver.status, receiver.location = 307, other.url
        assert await post(session, delivery(receiver.url)) == (307, None)
        assert other.connections == 0


async def test_a_proxy_of_the_environment_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, receiver.url)
    async with guarded_session(local=False, resolver=Answers(9, ["10.0.0.1"])) as session:
        assert await post(session, delivery("http://hooks.example/")) == (None, NOT_PUBLIC)
    assert receiver.connections == 0


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "2a00::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/hook",
        "ftp://app.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1./",
        "https://[::ffff:127.0.0.1]/",
        "https://user:word@app.example/",
        "https://app.example/#part",
        "https:///hook",
        "https://app.example:99999/",
        "app.example/hook",
        "https://app.example/ hook",
        "https://app.example/" + "a" * 2000,
        "",
    ],
)
def test_a_url_is_checked_at_registration(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "shared.webhooks.urls.get_webhook_settings", WebhookSettings.model_construct
    )
    with pytest.raises(ValueError, match="URL"):
        checked_url(url)
    assert checked_url("https://App.example?a=1") == "https://app.example/?a=1"
    longest = "https://a.example?".ljust(MAX_LENGTH, "0")
    assert len(checked_url(longest)) == MAX_LENGTH + 1, "with the path that it lacks"


async def test_a_name_with_one_allowed_address_of_two_gets_no_connection(
    receiver: Receiver,
) -> None:
    resolver = Answers(receiver.port, ["127.0.0.1", "10.0.0.1"])
    async with guarded_session(local=True, resolver=resolver) as session:
        assert await post(session, delivery("http://hooks.example/")) == (None, NOT_PUBLIC)
    assert receiver.connections == 0
