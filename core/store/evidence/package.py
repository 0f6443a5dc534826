"""Writing an evidence package: each file hashed as it streams into the zip, then the manifest, signed."""

import base64
import hashlib
import io
import zipfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, Any, Final, Self

from core.store.evidence import verify
from core.store.keys import Keys

_COMPRESSION: Final = 3  # of 9: nearly as small, at a third of the time


@dataclass(frozen=True)
class Listed:
    """One file of the package as the manifest lists it."""

    name: str
    bytes: int
    lines: int
    sha256: str


class PackageWriter:
    """A zip under way. Its files are added one after the other, each in parts that are whole lines."""

    def __init__(self, out: IO[bytes], at: datetime) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION)
        self._date = at.timetuple()[:6]
        self._files: list[Listed] = []
        self._digests: dict[str, array[int]] = {}  # four bytes a line: a million lines are four megabytes

    def add(self, name: str, parts: Iterable[bytes]) -> None:
        digest, size, digests = hashlib.sha256(), 0, array("I")
        with self._zip.open(self._info(name), "w", force_zip64=True) as file:
            for part in parts:
                file.write(part)
                digest.update(part)
                size += len(part)
                digests.extend(int(verify.digest_of_line(line), 16) for line in io.BytesIO(part))
        self._files.append(Listed(name, size, len(digests), digest.hexdigest()))
        self._digests[name] = digests

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def sign(self, facts: dict[str, Any], keys: Keys) -> None:
        """Add what comes last: the digests of all lines, the manifest with these facts in it, and its signature."""
        self.add(verify.DIGESTS, self._lines_of_digests(dict(self._digests)))
        public = keys.public.public_bytes_raw()
        manifest = verify.pretty(
            {
                "format": verify.SIGNED_FOR.decode().strip(),
                **facts,
                "files": [asdict(file) for file in self._files],
                "key_ids": {name: keys.key_ids[name] for name in ("audit", "signing")},
                "public_key": base64.b64encode(public).decode(),
                "fingerprint": hashlib.sha256(public).hexdigest(),
            }
        )
        signature = {
            "algorithm": "Ed25519",
            "line_digests": [verify.digest_of_line(line) for line in io.BytesIO(manifest)],
            "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
            "public_key": base64.b64encode(public).decode(),
            "signature": base64.b64encode(keys.signing.sign(verify.SIGNED_FOR + manifest)).decode(),
        }
        self._zip.writestr(self._info(verify.MANIFEST), manifest)
        self._zip.writestr(self._info(verify.SIGNATURE), verify.pretty(signature))

    def _info(self, name: str) -> zipfile.ZipInfo:
        year, month, day, hour, minute, second = self._date
        info = zipfile.ZipInfo(name, (year, month, day, hour, minute, second))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return info

    @staticmethod
    def _lines_of_digests(of_files: "dict[str, array[int]]") -> Iterator[bytes]:
        for name, digests in of_files.items():
            yield f"file {name}\n".encode()
            for first in range(0, len(digests), 1000):
                yield "".join(f"{digest:08x}\n" for digest in digests[first : first + 1000]).encode()
