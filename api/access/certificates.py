"""The certificate and key that the service is served with over TLS; refused at once if they do not fit."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from api.settings import ApiSettings


class CertificateError(Exception):
    """Nothing to serve with; the message is one line with expected and actual."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate, with those of its issuers behind it where there are any, and its key: PEM files."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Raises CertificateError unless both can be read and belong together."""
        for file in (self.certificate, self.key):
            try:
                file.open("rb").close()
            except OSError as error:
                raise CertificateError(f"{file}: {(error.strerror or 'cannot be read').lower()}") from error
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            # An empty password: a key that wants one must not make the service wait at a terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise CertificateError(
                    f"{self.key}: expected the key of {self.certificate}, actual another's"
                ) from error
            raise CertificateError(
                f"expected a certificate and its key without a password, both PEM, "
                f"actual {self.certificate} and {self.key}: {error.reason or 'neither'}"
            ) from error


def key_pair(certificate: Path | None, key: Path | None) -> KeyPair | None:
    """The pair, which is checked; None where neither is given. Raises CertificateError."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "certificate" if certificate is None else "key"
        raise CertificateError(f"expected a TLS certificate and its key, actual no {missing}")
    pair = KeyPair(certificate, key)
    pair.check()
    return pair


def configured_pair() -> KeyPair | None:
    """Return the pair that MIEN_TLS_CERTIFICATE and MIEN_TLS_KEY name. Raises CertificateError."""
    settings = ApiSettings.read("tls_certificate", "tls_key")
    return key_pair(settings.tls_certificate, settings.tls_key)
