"""Certificates for upstreams by TLS and HTTPS, from an authority that only the test knows."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from tests.behaviour import Behaviour, plain
from tests.upstream import Upstream


@dataclass
class Certificates:
    """A certificate authority of the test's own."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    @property
    def file(self) -> str:
        """The authority's own certificate (PEM), as `upstream.ca_file` wants it."""
        path = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(path))
        return str(path)

    def pair(self, name: str) -> tuple[Path, Path]:
        """Issue a certificate; gives the files of its key and its chain."""
        issued = self.authority.issue_cert(name)
        key, chain = self.folder / "key.pem", self.folder / "chain.pem"
        issued.private_key_pem.write_to_path(str(key))
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return key, chain

    def upstream(
        self,
        scheme: str,
        behaviour: Behaviour = plain,
        *,
        has: str = "dns.test",
        name: str = "dns.test",
    ) -> Upstream:
        """Make an upstream whose certificate has one name while dnswatch demands another."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(has).configure_cert(context)
        if scheme == "https":
            context.set_alpn_protocols(["h2"])
        return Upstream(behaviour, scheme=scheme, certificate=context, name=name)
