"""Logins and keys in addresses are masked, whatever they are called; nothing else is touched."""

from __future__ import annotations

import json
import time

import pytest

from specs.credentials import has_credential, mask, mask_bytes, mask_value, without_login


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("https://ann:pw@x.example/f.csv", "https://***@x.example/f.csv"),
        ("https://ann@x.example/f.csv", "https://***@x.example/f.csv"),
        ("https://ann:p@ss@x.example/f.csv", "https://***@x.example/f.csv"),
        ("ftp://ann:pw@x.example/f", "ftp://***@x.example/f"),
        ("postgresql://ann:pw@db.example/x", "postgresql://***@db.example/x"),
        ("see http://ann:pw@x.example/a and http://bob:pw@x.example/b",
         "see http://***@x.example/a and http://***@x.example/b"),
        ("https://x.example/f?token=abc&x=1", "https://x.example/f?token=***&x=1"),
        ("https://x.example/f?x=1&amp;ACCESS_TOKEN=abc", "https://x.example/f?x=1&amp;ACCESS_TOKEN=***"),
        ("/f?api_key=abc#top", "/f?api_key=***#top"),
        ("https://x.example/f?apikey=a;x=2", "https://x.example/f?apikey=***;x=2"),
        ("https://x.example/f?api-key=abc", "https://x.example/f?api-key=***"),
        ("https://x.example/f?sv=2024&sig=ab%2Bc%3D&se=9", "https://x.example/f?sv=2024&sig=***&se=9"),
        ("https://x.example/f?X-Amz-Credential=a%2Fb&X-Amz-Date=9&X-Amz-Signature=0f",
         "https://x.example/f?X-Amz-Credential=***&X-Amz-Date=9&X-Amz-Signature=***"),
        ("https://x.example/f?SharedAccessSignature=abc", "https://x.example/f?SharedAccessSignature=***"),
        ("https://x.example/f?AWSAccessKeyId=A&Signature=b&Expires=9",
         "https://x.example/f?AWSAccessKeyId=***&Signature=***&Expires=9"),
        ("https://x.example/f?$$app_token=abc", "https://x.example/f?$$app_token=***"),
        ("https://x.example/f?subscription-key=abc", "https://x.example/f?subscription-key=***"),
        ("https://x.example/f?user=ann&password=pw", "https://x.example/f?user=ann&password=***"),
        ("https://x.example/f;jsessionid=AB12", "https://x.example/f;jsessionid=***"),
        ("https://x.example/go?to=https%3A%2F%2Fann%3Apw%40y.example%2Ff%3Ftoken%3Dabc%26x%3D1",
         "https://x.example/go?to=https%3A%2F%2F***%40y.example%2Ff%3Ftoken%3D***%26x%3D1"),
        ("https://x.example/#access_token=abc", "https://x.example/#access_token=***"),
    ],
)  # fmt: skip
def test_what_is_secret_is_masked_once_and_for_all(address: str, masked: str) -> None:
    assert mask(address) == masked == mask(masked)
    assert mask_value({"a": [address, 1]}) == {"a": [masked, 1]}
    body, count = mask_bytes(json.dumps({"a": address}).encode())
    assert json.loads(body) == {"a": masked} and count >= 1


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/@ann/f?x=a@b.example", "mailto:ann@x.example", "ann@x.example", "https://x.example/?page_token=9",
        "https://x.example/oai?verb=ListRecords&resumptionToken=9", "https://x.example/f?key=district&code=0123",
        "ftp://anonymous:guest@x.example/f", "https://x.example,ann@y.example", "https://x.example/f?design=1&tokens=2",
        "A text; token = 5 is what it says", "https://x.example/f?token={token}", "ssh://git@x.example/r.git",
        "https://x.example/f?monkey=1&signal=2&passing=3",
    ],
)  # fmt: skip
def test_what_is_none_is_left_alone(text: str) -> None:
    assert mask(text) is text
    record = {"a": [text, {"b": text}], "n": 1}
    assert mask_value(record) is record and mask_bytes(text.encode())[1] == 0


@pytest.mark.parametrize(
    "encoded, masked",
    [
        (b"https%3A%2F%2Fann%3Apw%40y.example%2Ff", b"https%3A%2F%2F***%40y.example%2Ff"),
        (b"https%3a%2f%2fy.example%2Ff%3ftoken%3dabc", b"https%3a%2f%2fy.example%2Ff%3ftoken%3d***"),
        (b"50%25 of https%3A%2F%2Fy.example%2Ff", b"50%25 of https%3A%2F%2Fy.example%2Ff"),
    ],
)
def test_bytes_that_are_wholly_percent_encoded_are_masked_as_texts_are(encoded: bytes, masked: bytes) -> None:
    assert mask_bytes(encoded) == (masked, int(encoded != masked))
    assert mask(encoded.decode()) == masked.decode()


def test_bytes_of_any_encoding_stay_what_they_are() -> None:
    body = "été ?token=abc ü".encode("utf-16-le") + "é?token=abc é".encode()
    masked, count = mask_bytes(body)
    assert count == 1 and masked.endswith("é?token=*** é".encode()) and masked.startswith(body[:20])
    assert mask_bytes(b'{"u":"http://x.example/?a=1\\u0026token=abc"}')[0].endswith(b'\\u0026token=***"}')


def test_long_texts_take_no_time() -> None:
    begun = time.monotonic()
    for text in (
        "://" * 50_000,
        "&" * 100_000,
        "a_" * 50_000 + "=",
        "?" + "a." * 60_000,
        "%3A%2F%2F" * 20_000 + "%40=@",
    ):
        mask(text)
    assert time.monotonic() - begun < 2


def test_login_is_taken_away_and_a_key_is_seen() -> None:
    assert without_login("https://***@x.example/f?a=b@c") == "https://x.example/f?a=b@c"
    assert without_login("https://x.example/@ann") == "https://x.example/@ann"
    assert has_credential("https://x.example/f?token=***") and has_credential("https://x.example/f?sig=ab")
    assert not has_credential("https://***@x.example/f")
