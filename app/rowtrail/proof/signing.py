"""Signatures of digests: Ed25519 (RFC 8032), by keys in PEM files."""

import base64
import binascii
from pathlib import Path

from rowtrail.errors import RowtrailError

HINT = "signing needs a library: pip install 'rowtrail[sign]'"


class Signer:
    """Signs with a private key.

    Args:
        file: a private key in PEM, such as `openssl genpkey -algorithm ed25519 -out FILE` makes.

    Raises:
        RowtrailError: there is no such key in the file.
    """

    def __init__(self, file: Path) -> None:
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        except ImportError:
            raise RowtrailError(HINT) from None
        try:
            key = load_pem_private_key(read(file), password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise RowtrailError(
                f"{file} has no private Ed25519 key without a password; "
                f"make one: openssl genpkey -algorithm ed25519 -out {file}"
            )
        self.key = key

    def sign(self, said: str) -> str:
        """The signature of a text, in base64."""
        return base64.b64encode(self.key.sign(said.encode())).decode()


class Verifier:
    """Checks signatures by a public key.

    Args:
        file: a public key in PEM, such as `openssl pkey -in KEY -pubout -out FILE` makes.

    Raises:
        RowtrailError: there is no such key in the file.
    """

    def __init__(self, file: Path) -> None:
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
            from cryptography.hazmat.primitives.serialization import load_pem_public_key
        except ImportError:
            raise RowtrailError(HINT) from None
        try:
            key = load_pem_public_key(read(file))
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise RowtrailError(
                f"{file} has no public Ed25519 key; "
                f"make one of the private key: openssl pkey -in KEY -pubout -out {file}"
            )
        self.key, self.wrong = key, InvalidSignature

    def accepts(self, said: str, signature: object) -> bool:
        """Whether the key signed the text so."""
        try:
            self.key.verify(base64.b64decode(str(signature), validate=True), said.encode())
        except (self.wrong, binascii.Error):
            return False
        return True


def read(file: Path) -> bytes:
    """What is in the file.

    Raises:
        RowtrailError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise RowtrailError(f"{file} cannot be read: {error.strerror}") from None
