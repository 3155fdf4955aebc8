"""Where files may be fetched from: nothing inside a network, whatever it is called, and only hosts that were named."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.media_guard import Forbidden, Lookup, NotFoundByName, judged, look_up, public

HOSTS = ("lookaside.fbsbx.com", ".fbcdn.net")
OPEN = "157.240.1.35"


def finds(*addresses: str) -> Lookup:
    """A lookup that knows every name and must be asked at most once."""
    asked: list[str] = []

    async def lookup(host: str) -> Sequence[str]:
        assert not asked, "the name was looked up twice"
        asked.append(host)
        return addresses

    return lookup


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
        ),
        *(
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "203.0.113.9",
            "192.88.99.1",
            "100.64.0.1",
        ),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "fec0::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1"),
        *(
            "2002:7f00:1::",
            "2002:a00:1::1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
        ),
        *("2001:0:4136:e378:8000:63bf:80ff:fffe", "", "localhost", "1", "0x7f.1", "2130706433"),
    ],
)
async def test_no_address_inside_a_network_is_open(address: str) -> None:
    assert not public(address)
    with pytest.raises(Forbidden, match="private"):
        await judged("https://lookaside.fbsbx.com/f", HOSTS, (), finds(OPEN, address))


@pytest.mark.parametrize("address", [OPEN, "8.8.8.8", "2a03:2880:f12f:83:face:b00c:0:25de", "64:ff9b::808:808"])
def test_addresses_out_in_the_open_are(address: str) -> None:
    assert public(address)


@given(st.ip_addresses())
def test_what_is_open_is_global(address: object) -> None:
    if public(str(address)):
        assert getattr(address, "is_global", False)
        assert not getattr(address, "is_loopback", True)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://evil.example/x",
            "https://fbcdn.net/x",
            "https://xfbcdn.net/x",
            "https://lookaside.fbsbx.com.evil.example/",
        ),
        *("https://evil.example#.fbcdn.net", "https://evil.example?.fbcdn.net", "https://127.0.0.1/", "https://[::1]/"),
        *(
            "http://lookaside.fbsbx.com/x",
            "ftp://lookaside.fbsbx.com/x",
            "//lookaside.fbsbx.com/x",
            "file:///etc/passwd",
        ),
        *("https://lookaside.fbsbx.com:8443/x", "https://lookaside.fbsbx.com:0/", "https://lookaside.fbsbx.com:99999/"),
        *(
            "https://a@lookaside.fbsbx.com/",
            "https://lookaside.fbsbx.com@evil.example/",
            "https://:@lookaside.fbsbx.com/",
        ),
        *(
            "https://lookaside.fbsbx.com\\@evil.example/",
            "https://evil.example\\.fbcdn.net/",
            "https://x.fbcdn.net\n.evil/",
        ),
        *(
            "https://x.fbcdn.net /",
            "https:///x",
            "https://",
            "",
            "x" * 5000,
            "https://ﬀ.fbcdn.net/",
            "https://[::1/",
            "data:,x",
        ),
        *(
            "javascript:1",
            "gopher://x.fbcdn.net",
            "https://.fbcdn.net.evil.example",
            "line_data:/x",
            "https://x.fbcdn.net\t/",
        ),
    ],
)
async def test_no_other_place_is_asked_or_looked_up(url: str) -> None:
    async def never(host: str) -> Sequence[str]:
        raise AssertionError(f"{host} was looked up")

    with pytest.raises(Forbidden):
        await judged(url, HOSTS, (), never)


async def test_the_connection_is_to_the_judged_address_in_the_name_of_the_host() -> None:
    target = await judged("https://scontent.fbcdn.net/v/1.jpg?oh=a&oe=b", HOSTS, (), finds(OPEN))
    assert target.url == f"https://{OPEN}:443/v/1.jpg?oh=a&oe=b"
    assert (target.host, target.authority, target.secure) == ("scontent.fbcdn.net", "scontent.fbcdn.net", True)
    assert "oh=a" not in repr(target)
    six = await judged("https://LOOKASIDE.fbsbx.com.", HOSTS, (), finds("2a03:2880::1"))
    assert six.url == "https://[2a03:2880::1]:443/"


async def test_a_name_that_is_not_found_may_be_found_later() -> None:
    with pytest.raises(NotFoundByName):
        await judged("https://lookaside.fbsbx.com/", HOSTS, (), finds())


async def test_only_a_simulator_of_our_own_configuration_lies_on_loopback() -> None:
    own = ("http://127.0.0.1:8100", "https://api.telegram.org")
    target = await judged("http://127.0.0.1:8100/media/1?a=b", HOSTS, own, finds())
    assert (target.url, target.secure, target.authority) == (
        "http://127.0.0.1:8100/media/1?a=b",
        False,
        "127.0.0.1:8100",
    )
    for url in ("http://127.0.0.1:8101/", "http://localhost:8100/", "https://127.0.0.1:8100/", "http://127.0.0.1/"):
        with pytest.raises(Forbidden):
            await judged(url, HOSTS, own, finds("127.0.0.1"))
    configured = await judged("https://api.telegram.org/file/bot1/2", (), own, finds(OPEN))
    assert configured.host == "api.telegram.org"
    with pytest.raises(Forbidden, match="private"):
        await judged("https://api.telegram.org/file", (), own, finds("10.0.0.1"))


async def test_names_are_looked_up_by_the_system() -> None:
    assert "127.0.0.1" in await look_up("localhost")
    assert list(await look_up("no.such.host.invalid")) == []
    assert list(await look_up("a" * 300)) == []
