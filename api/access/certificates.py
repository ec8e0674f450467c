"""Certificate and key of the service, which are checked at the start."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from api.settings import ApiSettings


class CertificateError(Exception):
    """The certificate or its key cannot be used; the message is one line."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """PEM files of a certificate, followed by those of its issuers if there are any, and of its key."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Raise CertificateError unless both can be read and belong together."""
        for file in (self.certificate, self.key):
            try:
                file.open("rb").close()
            except OSError as error:
                raise CertificateError(f"{file}: {(error.strerror or 'cannot be read').lower()}") from error
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            # An empty password, so that OpenSSL does not prompt for one at the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise CertificateError(f"{self.key} is not the key of {self.certificate}") from error
            raise CertificateError(
                f"{self.certificate} and {self.key} must be a certificate and its key without a password, "
                f"both PEM: {error.reason or 'they are neither'}"
            ) from error


def key_pair(certificate: Path | None, key: Path | None) -> KeyPair | None:
    """Return the checked pair; None where neither is given. Raises CertificateError."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "certificate" if certificate is None else "key"
        raise CertificateError(f"TLS needs a certificate and its key, and the {missing} is missing")
    pair = KeyPair(certificate, key)
    pair.check()
    return pair


def configured_pair() -> KeyPair | None:
    """Return the pair that MIEN_TLS_CERTIFICATE and MIEN_TLS_KEY name. Raises CertificateError."""
    settings = ApiSettings.read("tls_certificate", "tls_key")
    return key_pair(settings.tls_certificate, settings.tls_key)
