"""Where a running sandbox is and what opens it: the address file, the lock that proves it alive, ready settings."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import SecretStr

from core.settings import ConnectionSettings, Settings, VaultSettings

NAME = "sandbox.json"
LOCK_NAME = "sandbox.lock"


@dataclass(frozen=True)
class Address:
    """A running sandbox: its base URL, its process, and the secrets it made for itself."""

    url: str
    pid: int
    client_id: str
    client_secret: SecretStr
    webhook_secret: SecretStr
    vault_secret: SecretStr


def read_address(folder: Path) -> Address | None:
    """The sandbox that runs for this folder and is ready; None where there is none."""
    address = _published(folder) if _is_ready(folder) else None
    # Between taking the lock and clearing it a new sandbox still shows what one that was killed left there.
    return address if address and _is_alive(address.pid) else None


def _published(folder: Path) -> Address | None:
    try:
        known = json.loads((folder / NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    secret = {name: SecretStr(known[name]) for name in ("client_secret", "webhook_secret", "vault_secret")}
    return Address(url=known["url"], pid=known["pid"], client_id=known["client_id"], **secret)


def write_address(folder: Path, address: Address) -> None:
    """Publish an address atomically, readable by its owner only; by whoever holds the lock, once it answers.

    The file stays when the sandbox ends, so that its connections keep their names; what the lock file holds says
    whether it is this process's address.
    """
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in asdict(address).items()
    }
    temporary = folder / f"{NAME}.{os.getpid()}"
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(plain, file)
    temporary.replace(folder / NAME)
    (folder / LOCK_NAME).write_bytes(b"ready")


def connections(address: Address, limit_per_minute: int | None = None) -> dict[str, ConnectionSettings]:
    """The default connections `cxone` and `genesys`, pointing at the sandbox; by default with the contracts' limits."""
    client: dict[str, object] = {"client_id": address.client_id, "client_secret": address.client_secret}
    if limit_per_minute:
        client["limit_per_minute"] = limit_per_minute
    return {
        "cxone": ConnectionSettings.model_validate(
            {
                "contract": "cxone-requests",
                "base_url": f"{address.url}/cxone",
                "webhook_secret": address.webhook_secret,
                **client,
            }
        ),
        "genesys": ConnectionSettings.model_validate(
            {"contract": "genesys-purposes", "base_url": f"{address.url}/genesys", **client}
        ),
    }


def connections_of(settings: Settings) -> Mapping[str, ConnectionSettings]:
    """The connections that are configured; with none, those of the sandbox that runs, or ran last, for this desk."""
    if not settings.in_sandbox:
        return settings.connections
    address = _published(settings.folder)
    return connections(address, settings.sandbox_limit_per_minute) if address else {}


def vault(address: Address) -> VaultSettings:
    """The sandbox's vault as the desk's."""
    return VaultSettings(url=f"{address.url}/vault/records", secret=address.vault_secret)


@contextmanager
def lock(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock; yields whether it could be had. The kernel frees it however the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK_NAME, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        is_held = _try(descriptor, fcntl.LOCK_EX)
        if is_held:
            os.ftruncate(descriptor, 0)
        yield is_held
        if is_held:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _is_ready(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who ask at once do not take each other for a sandbox.
        return not _try(descriptor, fcntl.LOCK_SH) and bool(os.read(descriptor, 1))
    finally:
        os.close(descriptor)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
