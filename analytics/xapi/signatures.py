"""Signed statements: a JSON Web Signature (RFC 7515) as an attachment (1.0.3 Data 2.6, 2.0.0 section 4.2.6).

It is checked that a signature is what it says, not that its signer is to be trusted: that is for those who read.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from analytics.xapi.errors import InvalidValue, shown
from analytics.xapi.json_text import parse_json
from analytics.xapi.multipart import AttachmentData
from analytics.xapi.sameness import SIGNATURE, are_same
from analytics.xapi.statements import check_statement

ALGORITHMS = {"RS256": "SHA256", "RS384": "SHA384", "RS512": "SHA512"}
OCTETS = "application/octet-stream"
Json = dict[str, Any]


def is_signature(attachment: Json) -> bool:
    return bool(attachment["usageType"] == SIGNATURE)


def check_signature(statement: Json, attachment: Json, data: AttachmentData, version: str, most_levels: int) -> None:
    """Raises InvalidValue if the attachment is not a signature of this very statement."""
    if attachment["contentType"] != OCTETS:
        raise InvalidValue(
            f"A signature must be {OCTETS}, but it is {shown(attachment['contentType'])}.", "contentType"
        )
    pieces = bytes(data.content).split(b".")
    if len(pieces) != 3:
        raise InvalidValue("A signature must be a JWS in compact form: three parts with a dot between them.")
    header = parse_json(_decoded(pieces[0]), most_levels)
    if not isinstance(header, dict) or header.get("alg") not in ALGORITHMS:
        received = header.get("alg") if isinstance(header, dict) else header
        raise InvalidValue(f"A signature must be made by {', '.join(ALGORITHMS)}, not by {shown(received)}.")
    signed = parse_json(_decoded(pieces[1]), most_levels)
    try:
        check_statement(signed, version)
    except InvalidValue as error:
        raise InvalidValue(f"The statement that was signed is not valid: {error}") from None
    if not are_same(signed, statement):
        raise InvalidValue("The statement that was signed is not the one that was sent.")
    if "x5c" in header:
        _verify(header["x5c"], pieces[0] + b"." + pieces[1], _decoded(pieces[2]), ALGORITHMS[header["alg"]])


def _decoded(piece: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(piece + b"=" * (-len(piece) % 4))
    except binascii.Error:
        raise InvalidValue("A part of the signature is not base64url.") from None


def _verify(chain: Any, signed: bytes, signature: bytes, hash_name: str) -> None:
    """Against the first certificate of the chain: that of the signer (RFC 7515 section 4.1.6)."""
    # Here and not above: few web processes ever see a signature.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.x509 import load_der_x509_certificate

    try:
        key = load_der_x509_certificate(base64.b64decode(chain[0], validate=True)).public_key()
    except (ValueError, TypeError, LookupError):
        raise InvalidValue("The x5c of the signature does not begin with an X.509 certificate in base64.") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidValue("The certificate of the signature has no RSA key.")
    try:
        key.verify(signature, signed, padding.PKCS1v15(), getattr(hashes, hash_name)())
    except InvalidSignature:
        raise InvalidValue("The signature does not belong to its content and certificate.") from None
