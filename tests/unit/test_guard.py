"""Where outgoing calls may go: every inner range by its edges, every spelling of an address, every odd URL."""

import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.guard import Forbidden, check_addresses, normal_host, read_hosts, read_url, why_inner

# Written out here a second time on purpose: a range that is lost in the code must not be lost in the test.
RANGES = [
    ("0.0.0.0", "0.255.255.255", "this network"),
    ("10.0.0.0", "10.255.255.255", "private"),
    ("100.64.0.0", "100.127.255.255", "CGNAT, Alibaba's metadata"),
    ("127.0.0.0", "127.255.255.255", "loopback"),
    ("168.63.129.16", "168.63.129.16", "Azure's wire server"),
    ("169.254.0.0", "169.254.255.255", "link-local, metadata"),
    ("172.16.0.0", "172.31.255.255", "private"),
    ("192.0.0.0", "192.0.0.255", "protocol assignments, Oracle's metadata"),
    ("192.0.2.0", "192.0.2.255", "documentation"),
    ("192.31.196.0", "192.31.196.255", "AS112"),
    ("192.52.193.0", "192.52.193.255", "AMT"),
    ("192.175.48.0", "192.175.48.255", "AS112"),
    ("192.88.99.0", "192.88.99.255", "6to4 relay"),
    ("192.168.0.0", "192.168.255.255", "private"),
    ("198.18.0.0", "198.19.255.255", "benchmark"),
    ("198.51.100.0", "198.51.100.255", "documentation"),
    ("203.0.113.0", "203.0.113.255", "documentation"),
    ("224.0.0.0", "239.255.255.255", "multicast"),
    ("240.0.0.0", "255.255.255.255", "reserved, broadcast"),
    ("::", "::1", "unspecified, loopback"),
    ("::", "::ffff:ffff", "IPv4-compatible"),
    ("::ffff:0.0.0.0", "::ffff:255.255.255.255", "IPv4-mapped"),
    ("::ffff:0:0:0", "::ffff:0:ffff:ffff", "IPv4-translated"),
    ("64:ff9b::", "64:ff9b::ffff:ffff", "NAT64"),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "NAT64 for local use"),
    ("100::", "100::ffff:ffff:ffff:ffff", "discard"),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmark"),
    ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHID"),
    ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHID 2"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "SRv6"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique local, AWS's metadata"),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
    ("100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", "dummy"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "AS112"),
    ("200::", "3ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "outside global unicast"),
    ("4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "outside global unicast"),
]


@pytest.mark.parametrize(("first", "last", "why"), RANGES, ids=[f"{row[0]} {row[2]}" for row in RANGES])
def test_first_middle_and_last_address_of_each_inner_range(first: str, last: str, why: str) -> None:
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    middle = type(low)((int(low) + int(high)) // 2)
    inside = type(low)(random.Random(7).randint(int(low), int(high)))
    for address in (low, middle, inside, high):
        assert why_inner(address) is not None, address
        host = f"[{address}]" if address.version == 6 else str(address)
        with pytest.raises(Forbidden, match="inner"):
            read_url(f"https://{host}/")


OUTER = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2001:200::",
    "2001:db7:ffff::",
    "2001:db9::",
    "2003::",
    "2606:4700:4700::1111",
    "2a00:1450::",
    "3ffe:ffff::",
]


@pytest.mark.parametrize("text", OUTER)
def test_neighbours_and_well_known_addresses_are_outer(text: str) -> None:
    assert why_inner(ipaddress.ip_address(text)) is None


@given(st.ip_addresses())
def test_what_the_standard_library_holds_for_not_global_is_inner(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert address.is_global or why_inner(address) is not None


def test_one_inner_address_among_outer_ones_is_enough() -> None:
    outer, inner = ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address("10.0.0.1")
    check_addresses([outer], allowed=False)
    for order in ([outer, inner], [inner, outer], [outer, inner, outer]):
        with pytest.raises(Forbidden):
            check_addresses(order, allowed=False)
    check_addresses([outer, inner], allowed=True)


SPELLINGS = [
    ("2130706433", "decimal"),
    ("0x7f000001", "hexadecimal"),
    ("0x7F.0x0.0x0.0x1", "hexadecimal parts"),
    ("0177.0.0.1", "an octal part"),
    ("017700000001", "octal"),
    ("127.0.0.01", "a leading zero"),
    ("127.1", "two parts"),
    ("127.0.1", "three parts"),
    ("127.0.0.1.", "a root's full stop"),
    ("0", "nought"),
    ("0x", "hexadecimal without digits"),
    ("1.2.3.256", "a part too large"),
    ("1.2.3.4.5", "five parts"),
    ("example.0x7f", "a name that ends in a number"),
    ("１２７.０.０.１", "full-width digits"),
    ("127。0。0。1", "ideographic full stops"),
    ("①②⑦.0.0.1", "circled digits"),
    ("[::1]", "loopback, IPv6"),
    ("[0:0:0:0:0:0:0:1]", "loopback, long"),
    ("[::ffff:127.0.0.1]", "mapped"),
    ("[::ffff:7f00:1]", "mapped, hexadecimal"),
    ("[::127.0.0.1]", "compatible"),
    ("[64:ff9b::7f00:1]", "NAT64"),
    ("[fe80::1%eth0]", "a zone"),
    ("[fe80::1%25eth0]", "a zone, encoded"),
    ("[v1.fe80::a]", "an address of the future"),
    ("[127.0.0.1]", "IPv4 in brackets"),
    ("[::1", "an open bracket"),
    ("::1", "no brackets"),
    ("localhost", "a name without a domain"),
    ("LOCALHOST.", "the same in capitals, with the root"),
    ("metadata", "a name of the search domain"),
]


@pytest.mark.parametrize(("host", "why"), SPELLINGS, ids=[row[1] for row in SPELLINGS])
def test_no_spelling_leads_inwards(host: str, why: str) -> None:
    with pytest.raises(Forbidden):
        read_url(f"https://{host}/")


ODD_URLS = [
    ("", "nothing"),
    ("/path", "no scheme"),
    ("//shop.example/", "no scheme"),
    ("https:shop.example", "no slashes"),
    ("https:/shop.example", "one slash"),
    ("https:///path", "no host"),
    ("https://", "no host"),
    ("https://:443/", "no host but a port"),
    ("http://shop.example/", "not https"),
    ("ftp://shop.example/", "not https"),
    ("file:///etc/passwd", "not https"),
    ("gopher://shop.example/", "not https"),
    (" https://shop.example/", "a space before"),
    ("https://shop.example/\n", "a line feed after"),
    ("https://user@shop.example/", "a user"),
    ("https://user:pass@shop.example/", "a user and a password"),
    ("https://@shop.example/", "an empty user"),
    ("https://shop.example@10.0.0.1/", "a host that is a user"),
    ("https://10.0.0.1#@shop.example/", "a fragment that looks like a host"),
    ("https://shop.example#x", "a fragment"),
    ("https://shop.example\\@10.0.0.1/", "a backslash, which some parsers read as a slash"),
    ("https://shop.example\\.evil.example/", "a backslash in the host"),
    ("https://shop.example/a\\b", "a backslash in the path"),
    ("https://shop .example/", "a space in the host"),
    ("https://shop.example\t/", "a tab in the host, which some parsers drop"),
    ("https://sh\nop.example/", "a line feed in the host, which some parsers drop"),
    ("https://shop%2eexample/", "an encoded host"),
    ("https://shop..example/", "an empty label"),
    ("https://.shop.example/", "an empty label first"),
    ("https://shop.example../", "two roots"),
    ("https://-shop.example/", "a hyphen first"),
    (f"https://{'a' * 64}.example/", "a label of 64"),
    (f"https://{'a.' * 130}example/", "a name of more than 253"),
    ("https://℀.example/", "a letter that becomes a slash"),
    ("https://shop.example:0/", "port nought"),
    ("https://shop.example:65536/", "a port too large"),
    ("https://shop.example:99999999/", "a port too long"),
    ("https://shop.example:44３/", "a full-width digit in the port"),
    ("https://shop.example:-443/", "a sign in the port"),
    ("https://shop.example:443:443/", "two ports"),
    ("https://shop.example:80/", "port 80"),
    ("https://shop.example:22/", "port 22"),
    ("https://shop.example:6379/", "Redis"),
    ("https://shop.example/a b", "a space in the path"),
    ("https://shop.example/\r\nHost: evil", "a second header"),
    ("https://shop.example/订单", "a path beyond ASCII"),
    ("https://shop.example/?q=[1]", "brackets in the query"),
    ("https://shop.example/%zz", "a broken percent code"),
    ("https://shop.example/%2", "half a percent code"),
]


@pytest.mark.parametrize(("url", "why"), ODD_URLS, ids=[f"{row[1]} {n}" for n, row in enumerate(ODD_URLS)])
def test_an_odd_url_is_refused(url: str, why: str) -> None:
    with pytest.raises(Forbidden):
        read_url(url)


@pytest.mark.parametrize("user", ["user@", "user:pass@", "@", "shop.example@"])
def test_user_info_is_named_as_what_is_wrong_and_not_repeated(user: str) -> None:
    with pytest.raises(Forbidden, match="user-info") as caught:
        read_url(f"https://{user}10.0.0.1/")
    assert user == "@" or user not in str(caught.value)


READ = [
    ("https://shop.example", ("https", "shop.example", 443, "/"), "no path"),
    ("HTTPS://Shop.EXAMPLE:443/A?b=C", ("https", "shop.example", 443, "/A?b=C"), "capitals: the path keeps its own"),
    ("https://shop.example.?x=1", ("https", "shop.example", 443, "/?x=1"), "the root's full stop goes"),
    ("https://shop.example:/", ("https", "shop.example", 443, "/"), "an empty port"),
    ("https://bücher.example/", ("https", "xn--bcher-kva.example", 443, "/"), "an international name"),
    ("https://faß.example/", ("https", "xn--fa-hia.example", 443, "/"), "IDNA 2008, not 2003"),
    (
        "https://a.example//a/%2f/../b;c?x=%E5&y='",
        ("https", "a.example", 443, "//a/%2f/../b;c?x=%E5&y='"),
        "bytes stay",
    ),
    ("https://1.1.1.1/", ("https", "1.1.1.1", 443, "/"), "an outer address"),
    ("https://[2606:4700:4700:0::1111]/", ("https", "2606:4700:4700::1111", 443, "/"), "an outer IPv6 address"),
    ("https://my_shop.example/", ("https", "my_shop.example", 443, "/"), "an underscore, which some hosts have"),
]


@pytest.mark.parametrize(("url", "parts", "why"), READ, ids=[row[2] for row in READ])
def test_reads(url: str, parts: tuple[str, str, int, str], why: str) -> None:
    target = read_url(url)
    assert (target.scheme, target.host, target.port, target.path) == parts
    assert not target.allowed


def test_https_may_go_to_the_ports_that_are_listed() -> None:
    assert read_url("https://shop.example:8443/", ports=frozenset({443, 8443})).port == 8443
    with pytest.raises(Forbidden, match="8443"):
        read_url("https://shop.example:8443/")


def test_allowed_hosts_may_be_inner_plain_and_on_any_port_and_only_they() -> None:
    allow = read_hosts("127.0.0.1, LocalHost , [::1],,")
    assert allow == {"127.0.0.1", "localhost", "::1"}
    for url in ("http://127.0.0.1:4566/", "http://localhost:1/", "http://[0::1]/", "https://localhost:4566/"):
        assert read_url(url, allow).allowed
    assert read_url("http://localhost/", allow).port == 80
    for url in ("http://127.0.0.2/", "http://localhost.example/", "https://127.0.0.2/", "http://2130706433/"):
        with pytest.raises(Forbidden):
            read_url(url, allow)


def test_a_broken_list_of_hosts_names_the_entry() -> None:
    with pytest.raises(ValueError, match="entry 2"):
        read_hosts("localhost,http://x/")


def test_what_is_shown_of_a_target_is_its_origin() -> None:
    assert repr(read_url("https://shop.example/hooks/token?key=canary")) == "Target(https://shop.example:443)"
    assert read_url("https://[2606:4700::1]/").origin == "https://[2606:4700::1]:443"


@given(st.text(max_size=30), st.sampled_from(["https://", "https://[", "https://shop.example", ""]))
def test_any_text_is_read_or_forbidden(text: str, before: str) -> None:
    try:
        target = read_url(before + text)
    except Forbidden:
        return
    assert target.host.isascii() and target.path.isascii() and target.port == 443


@given(st.text(min_size=1, max_size=30))
def test_a_normal_host_is_its_own_normal_form(text: str) -> None:
    try:
        host = normal_host(text)
    except Forbidden:
        return
    assert normal_host(host) == host
