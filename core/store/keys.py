"""The desk's secret keys: one file outside the database, made on first run, readable by its owner alone."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.store.durable import sync_folder

_NAMES: Final = ("pseudonym", "identifiers", "audit", "signing")
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FILE_LIMIT: Final = 4096


class KeysError(Exception):
    """The key file cannot be used, or an identifier cannot be read with it. Says what to do; holds no secret."""


@dataclass(frozen=True, eq=False, repr=False)
class Keys:
    """Four keys, one purpose each; losing the file loses the identifiers and the power to verify.

    `pseudonym`: HMAC key of the subject pseudonyms. `identifiers`: AES-256-GCM. `audit`: HMAC-SHA-256 of every
    audit row. `signing`: Ed25519, signs checkpoints. The symmetric ones are 32 bytes.
    """

    pseudonym: bytes
    identifiers: bytes
    audit: bytes
    signing: Ed25519PrivateKey

    @cached_property
    def cipher(self) -> AESGCM:
        """What seals identifiers and opens them."""
        return AESGCM(self.identifiers)

    @cached_property
    def public(self) -> Ed25519PublicKey:
        """What checks a checkpoint's signature."""
        return self.signing.public_key()

    @cached_property
    def ledger(self) -> bytes:
        """The HMAC key of the erasure ledger: derived, so that its hashes cannot be matched with the pseudonyms."""
        return hmac.digest(self.pseudonym, b"privacy-desk erasure ledger", "sha256")

    @cached_property
    def key_ids(self) -> Mapping[str, str]:
        """A fingerprint of 8 hexadecimal digits for each key, by its name; safe to show."""
        symmetric = {"pseudonym": self.pseudonym, "identifiers": self.identifiers, "audit": self.audit}
        ids = {name: hmac.digest(key, b"privacy-desk key id", "sha256") for name, key in symmetric.items()}
        ids["signing"] = hashlib.sha256(self.public.public_bytes_raw()).digest()
        return {name: digest.hex()[:8] for name, digest in ids.items()}

    def __repr__(self) -> str:
        return f"Keys({', '.join(f'{name}={key_id}' for name, key_id in self.key_ids.items())})"


def load_or_create(path: Path) -> Keys:
    """The keys in `path`; where there is no file, new ones are made (mode 600, in a folder made with 700).

    Processes that race to create it all get the keys of whoever came first. A folder that exists keeps its
    mode. Raises KeysError for a file that others may read, that is malformed, or that cannot be made.
    """
    try:
        return _load(path)
    except FileNotFoundError:
        pass
    try:
        _create(path)
        return _load(path)
    except OSError as error:
        raise KeysError(f"The key file {path} cannot be made: {error.strerror}") from error


def encrypt_identifier(keys: Keys, value: str, *, request_id: str) -> bytes:
    """A subject identifier under AES-256-GCM: 12 bytes of random nonce, ciphertext, tag.

    It can be read back only for the same request. Raises KeysError for text that is not valid Unicode.
    """
    try:
        plain = value.encode()
    except UnicodeEncodeError:
        plain = None
    if plain is None:  # outside the handler: the error it would be chained to holds the identifier
        raise KeysError("The identifier is not valid Unicode text")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + keys.cipher.encrypt(nonce, plain, request_id.encode())


def decrypt_identifier(keys: Keys, sealed: bytes, *, request_id: str) -> str:
    """What `encrypt_identifier` sealed. Raises KeysError for another key, another request or changed bytes."""
    nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        # A nonce cut short is a ValueError, a ciphertext cut short or changed an InvalidTag.
        plain = keys.cipher.decrypt(nonce, ciphertext, request_id.encode())
    except (InvalidTag, ValueError) as error:
        raise KeysError(
            f"The identifier of request {request_id} cannot be read: it was sealed with another key file, "
            "for another request, or was changed since"
        ) from error
    return plain.decode()


def _load(path: Path) -> Keys:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(_FILE_LIMIT + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeysError(f"The key file {path} cannot be read: {error.strerror}") from error
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeysError(f"Others may read or change the key file {path}. Run: chmod 600 {path}")
    raw = _parse(content)
    if raw is None:  # raised here rather than in the parser's handler, whose exception holds the content
        raise KeysError(f"The key file {path} is malformed. Put back a copy of it; a new one cannot replace it")
    return Keys(
        pseudonym=raw["pseudonym"],
        identifiers=raw["identifiers"],
        audit=raw["audit"],
        signing=Ed25519PrivateKey.from_private_bytes(raw["signing"]),
    )


def _parse(content: bytes) -> dict[str, bytes] | None:
    """Each key by its name, or None for anything but exactly that."""
    if len(content) > _FILE_LIMIT:
        return None
    try:
        document = json.loads(content)
        raw = {name: base64.b64decode(text, validate=True) for name, text in document.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    well_formed = raw.keys() == set(_NAMES) and all(len(key) == _KEY_BYTES for key in raw.values())
    return raw if well_formed else None


def _create(path: Path) -> None:
    """Put a complete key file at `path` in one step, unless somebody else did so first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = {name: base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() for name in _NAMES}
    # O_EXCL and mode 600, as mkstemp opens it. Linking a finished file, rather than opening `path` itself
    # with O_EXCL, means that nobody ever reads half of it and a crash leaves nothing malformed behind.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(fresh, file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        sync_folder(path.parent)
    finally:
        Path(temporary).unlink()
