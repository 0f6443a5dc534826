"""`doctor`: whether this installation is sound, changing nothing and showing no secret."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, available_timezones

import click

from core.cli.configuration import settings
from core.cli.output import DONE, SAID_NO, WRONG_INPUT, InputError, answer, json_option, say
from core.clock import Clock, SystemClock, to_text
from core.sandbox.address import connections_of, read_address
from core.settings import ConnectionSettings, Settings
from core.store.checkpoints import EVERY_ROWS, path_for
from core.store.health import Health, examine, examine_checkpoints
from core.store.keys import Keys, KeysError, load_or_create
from core.store.snapshot import UnreadableDatabaseError
from core.worker.owners import is_gone
from core.worker.run import CLOCK_TOLERANCE_SECONDS

LEAST_FREE_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is in order, and what was found."""

    name: str
    ok: bool
    detail: str


def _fine(name: str, detail: str) -> Check:
    return Check(name, ok=True, detail=detail)


def _wrong(name: str, detail: str) -> Check:
    return Check(name, ok=False, detail=detail)


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Check settings, keys, database, audit log, disk, clock, connections, worker and sandbox.

    Exit code 1 if something is not in order, 2 if the settings are wrong. Changes nothing.
    """
    try:
        configured = settings()
    except InputError as error:
        for line in error.message.splitlines():
            say(f"Error: {line}")
        checks = [_wrong("settings", error.message)]
        code = WRONG_INPUT
    else:
        checks = list(_examined(configured, SystemClock()))
        code = DONE if all(check.ok for check in checks) else SAID_NO
    text = [f"{'ok' if check.ok else 'NOT OK':<6}  {check.name}: {check.detail}" for check in checks]
    answer({"ok": code == DONE, "checks": [asdict(check) for check in checks]}, text, as_json=as_json)
    ctx.exit(code)


def _examined(configured: Settings, clock: Clock) -> Iterator[Check]:
    now = clock.now()
    names = ", ".join(configured.connections) or "none, so the sandbox stands in"
    yield _fine("settings", f"Valid. Connections: {names}.")
    keys, check = _keys(configured)
    yield check
    health, check = _database(configured.database, now)
    yield check
    if health:
        yield _sqlite(health)
        if keys:
            yield _checkpoints(configured.database, keys)
    yield _disk(configured.folder)
    yield _clock(configured, health, now)
    yield _time_zone(configured.time_zone)
    for name, connection in connections_of(configured).items():
        yield _connection(name, connection)
    yield _worker(health, now)
    if configured.in_sandbox:
        yield _sandbox(configured.folder)


def _keys(configured: Settings) -> tuple[Keys | None, Check]:
    path = configured.keys
    if not path.exists():
        if configured.database.exists():
            detail = f"{path} is missing: identifiers and audit log cannot be read without it. Put back a copy of it."
            return None, _wrong("keys", detail)
        return None, _fine("keys", f"{path} is made on first use.")
    try:
        keys = load_or_create(path)
    except KeysError as error:
        return None, _wrong("keys", str(error))
    return keys, _fine("keys", f"{path}, mode {path.stat().st_mode & 0o777:o}.")


def _database(path: Path, now: datetime) -> tuple[Health | None, Check]:
    if not path.exists():
        return None, _fine("database", f"{path} is made on first use.")
    try:
        health = examine(path, now)
    except UnreadableDatabaseError as error:
        return None, _wrong("database", str(error))
    if health.problems:
        return health, _wrong("database", f"{' '.join(health.problems)} Restore a backup of {path}.")
    return health, _fine("database", f"{path} opens and passes its quick check, {path.stat().st_size:,} bytes.")


def _sqlite(health: Health) -> Check:
    fix = "the fix of the WAL-reset bug (3.51.3, 3.50.7, 3.44.6)"
    wal = health.journal_mode == "wal"
    if wal and not health.wal_is_safe:
        why = f"uses WAL but lacks {fix}, without which two connections can lose committed writes. Update SQLite."
    elif wal:
        why = f"has {fix}, so WAL is safe."
    else:
        why = f"uses a rollback journal, which {'is safe' if health.wal_is_safe else f'is right as it lacks {fix}'}."
    return Check("sqlite", health.wal_is_safe or not wal, f"SQLite {health.sqlite_version} {why}")


def _checkpoints(database: Path, keys: Keys) -> Check:
    path = path_for(database)
    try:
        found = examine_checkpoints(database, keys)
    except (OSError, UnreadableDatabaseError) as error:
        return _wrong("checkpoints", f"{path} cannot be compared with the database: {error}")
    if found.newest is None:
        if found.events == 0:
            return _fine("checkpoints", "There is nothing to sign yet.")
        return _wrong("checkpoints", f"{path} holds none signed with the present key. Put back a copy of it.")
    where = f"The newest one, of {found.newest.at}, covers {found.newest.size:,} of {found.events:,} events"
    if not found.matches:
        return _wrong("checkpoints", f"{where} but is not what the log says. Run: privacy-desk audit verify")
    late = found.events - found.newest.size > EVERY_ROWS
    return Check("checkpoints", not late, f"{where} and matches.{' One is overdue.' if late else ''}")


def _disk(folder: Path) -> Check:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    return Check("disk", free >= LEAST_FREE_BYTES, f"{free / 1024**3:.1f} GiB free at {there}.")


def _clock(configured: Settings, health: Health | None, now: datetime) -> Check:
    """Nothing was written in the future: else the clock went back, and deadlines would be counted wrongly."""
    files = (configured.database, configured.keys, path_for(configured.database))
    written = {str(f): datetime.fromtimestamp(f.stat().st_mtime, UTC) for f in files if f.exists()}
    if health and health.newest_event_at:
        written["The newest audit event"] = health.newest_event_at
    late = {w: at for w, at in written.items() if at > now + timedelta(seconds=CLOCK_TOLERANCE_SECONDS)}
    if late:
        what, at = max(late.items(), key=lambda item: item[1])
        return _wrong("clock", f"{what} is of {to_text(at)}, but it is {to_text(now)} now. Set the clock.")
    return _fine("clock", f"It is {to_text(now)}; nothing was written later than that.")


def _time_zone(zone: str) -> Check:
    try:
        ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        return _wrong("time_zone", f"There are no data for {zone}. Install tzdata.")
    source = next((path for path in TZPATH if (Path(path) / zone).is_file()), "the tzdata package")
    return _fine("time_zone", f"{zone} of {len(available_timezones()):,} known, from {source}.")


def _connection(name: str, connection: ConnectionSettings) -> Check:
    credentials = {
        "client id": connection.client_id,
        "client secret": connection.client_secret.get_secret_value(),
        "webhook secret": connection.webhook_secret.get_secret_value() if connection.webhook_secret else "",
    }
    told = [f"{what} {_fingerprint(value) if value else 'absent'}" for what, value in credentials.items()]
    ok = bool(credentials["client id"] and credentials["client secret"])
    return Check(f"connection {name}", ok, f"{connection.base_url}: {', '.join(told)}.")


def _fingerprint(secret: str) -> str:
    """Enough to see that two places hold the same one, and nothing of it."""
    return f"present ({hashlib.sha256(secret.encode()).hexdigest()[:8]})"


def _worker(health: Health | None, now: datetime) -> Check:
    if health and health.lease and health.lease.expires_at > now and not is_gone(health.lease.owner):
        return _fine("worker", f"Alive; last heard of at {to_text(health.lease.beat_at)}.")
    if health and health.due:
        return _wrong("worker", f"None runs, and {health.due:,} tasks are due. Run: privacy-desk worker")
    return _fine("worker", "None runs, and nothing is due.")


def _sandbox(folder: Path) -> Check:
    address = read_address(folder)
    return _fine("sandbox", f"Alive at {address.url}." if address else "Not running; it starts when needed.")
