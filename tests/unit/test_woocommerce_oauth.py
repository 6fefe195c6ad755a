"""OAuth 1.0a over plain HTTP: the worked example of RFC 5849, and a signature computed apart from our code."""

import base64
import hashlib
import hmac

from chalicelib.platforms.woocommerce.oauth import base_string, escape, signature, signed_query


def test_the_base_string_of_rfc_5849_section_3_4_1_1() -> None:
    parameters = (
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    )
    wanted = (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )
    assert base_string("post", "HTTP://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", parameters) == wanted


def test_escaping_as_of_rfc_3986() -> None:
    assert escape("Ladies + Gentlemen ~-._/é") == "Ladies%20%2B%20Gentlemen%20~-._%2F%C3%A9"


def test_a_signature_computed_by_hand() -> None:
    text = (
        "GET&http%3A%2F%2F127.0.0.1%3A8081%2Fwp-json%2Fwc%2Fv3%2Forders&oauth_consumer_key%3Dck%26oauth_nonce%3Dn1"
        "%26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1795168800%26per_page%3D100"
    )
    wanted = base64.b64encode(hmac.new(b"cs%2F1&", text.encode(), hashlib.sha256).digest()).decode()
    url = "http://127.0.0.1:8081/wp-json/wc/v3/orders?per_page=100"
    pairs = signed_query("GET", url, "ck", "cs/1", 1795168800, "n1")
    assert dict(pairs)["oauth_signature"] == wanted
    assert wanted == signature("GET", url, pairs[:-1], "cs/1")
    assert "cs/1" not in repr(pairs)
