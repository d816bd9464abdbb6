"""Signed statements: the signature must be of this statement, and of the certificate that it names."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from analytics.xapi.errors import InvalidValue
from analytics.xapi.multipart import AttachmentData
from analytics.xapi.sameness import SIGNATURE
from analytics.xapi.signatures import check_signature
from analytics.xapi.statements import TWO

STATEMENT = {
    "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119",
    "actor": {"mbox": "mailto:ada@example.com"},
    "verb": {"id": "https://example.com/passed"},
    "object": {"id": "https://example.com/exam"},
}
HASHES = {"RS256": hashes.SHA256, "RS384": hashes.SHA384, "RS512": hashes.SHA512}
KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
CURVE_KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(key: Any) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Examiner")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    made = builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return base64.b64encode(made).decode()


def coded(value: Any) -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def signed(statement: Any = STATEMENT, algorithm: str = "RS256", key: Any = KEY, **header: Any) -> bytes:
    content = coded({"alg": algorithm, **header}) + b"." + coded(statement)
    hash_kind = HASHES.get(algorithm, hashes.SHA256)
    return content + b"." + coded(key.sign(content, padding.PKCS1v15(), hash_kind()))


def check(jws: bytes, statement: dict[str, Any] = STATEMENT, content_type: str = "application/octet-stream") -> None:
    attachment = {"usageType": SIGNATURE, "contentType": content_type, "sha2": "0" * 64}
    data = AttachmentData("0" * 64, content_type, memoryview(jws))
    check_signature({**statement, "attachments": [attachment]}, attachment, data, TWO, 100)


@pytest.mark.parametrize("algorithm", HASHES)
def test_good(algorithm):
    check(signed(algorithm=algorithm))
    check(signed(algorithm=algorithm, x5c=[certificate(KEY)]))
    check(signed({**STATEMENT, "timestamp": "2026-05-18T09:30:00Z"}, algorithm))


@pytest.mark.parametrize(
    ("jws", "said"),
    [
        (b"", "three parts"),
        (b"a.b", "three parts"),
        (b"a.b.c", "base64url|not UTF-8|not valid JSON"),
        (coded([]) + b"." + coded(STATEMENT) + b".", "must be made by"),
        (signed(algorithm="HS256"), "must be made by RS256"),
        (signed(algorithm="none"), "must be made by RS256"),
        (signed({**STATEMENT, "result": {"success": True}}), "not the one that was sent"),
        (signed(b'{"a": 1, "a": 2}'), "given twice"),
        (signed({"a": 1}), "that was signed is not valid"),
        (signed(x5c=[]), "does not begin with an X.509 certificate"),
        (signed(x5c=["no"]), "does not begin with an X.509 certificate"),
        (signed(x5c=7), "does not begin with an X.509 certificate"),
        (signed(x5c=[certificate(OTHER_KEY)]), "does not belong"),
        (signed(key=OTHER_KEY, x5c=[certificate(KEY)]), "does not belong"),
        (signed(x5c=[certificate(CURVE_KEY)]), "no RSA key"),
        (signed(x5c=[certificate(KEY)])[:-20], "does not belong|base64url"),
    ],
)
def test_bad(jws, said):
    with pytest.raises(InvalidValue, match=said):
        check(jws)


def test_the_type_of_a_signature():
    with pytest.raises(InvalidValue, match="contentType"):
        check(signed(), content_type="application/jose")
