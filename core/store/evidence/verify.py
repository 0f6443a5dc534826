"""Checks an evidence package of Privacy Desk: `python3 -I verify.py [FOLDER or ZIP] [--key FINGERPRINT]`.

Needs nothing but Python 3.9 or newer. Names every file and line that is not as it was when the package was made, and
exits with 0 if there is none, 1 if there is one, 2 if this is no package. A package that somebody made anew and signed
with a key of their own is sound in itself: compare the fingerprint that is printed with the one that you were given by
another way, or give it with `--key`. For the same reason a copy of this file that you got elsewhere is the better one.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

MANIFEST = "manifest.json"
SIGNATURE = "manifest.signature.json"
DIGESTS = "line-digests.txt"
EVENTS = "events.jsonl"
CHECKPOINTS = "checkpoints.jsonl"
SIGNED_FOR = b"privacy-desk evidence 1\n"
ORIGIN = "privacy-desk audit log"
MOST_NAMED = 20

HASHED = ("seq", "at", "kind", "actor", "request", "task", "connection", "outcome", "detail", "prev")
COLUMNS = (*HASHED, "hash", "mac")


# Ed25519 (RFC 8032), verification alone

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)  # noqa: E741 - the square root of -1, as the RFC has it


def _decoded(point: bytes) -> tuple[int, int, int, int] | None:
    """A point in extended coordinates; None for bytes that are none."""
    number = int.from_bytes(point, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * I % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _sum(p: tuple[int, int, int, int], q: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(p: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a, b, c = p[0] * p[0] % P, p[1] * p[1] % P, 2 * p[2] * p[2] % P
    h = a + b
    e = h - (p[0] + p[1]) ** 2 % P
    g = a - b
    f = c + g
    return e * f % P, g * h % P, f * g % P, e * h % P


BASE = _decoded((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the Ed25519 key of these 32 bytes made that signature of 64 for the message."""
    if len(key) != 32 or len(signature) != 64 or BASE is None:
        return False
    public, r = _decoded(key), _decoded(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if public is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    # s·B - k·A must be R; both products in one go, bit by bit from the highest.
    minus = (P - public[0], public[1], 1, P - public[3])
    both = _sum(BASE, minus)
    total = (0, 1, 1, 0)
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        total = _double(total)
        ones = (s >> bit & 1, k >> bit & 1)
        if ones != (0, 0):
            total = _sum(total, both if ones == (1, 1) else BASE if ones[0] else minus)
    return not (total[0] - r[0] * total[2]) % P and not (total[1] - r[1] * total[2]) % P


# The package


class Package:
    """The files of a folder, or of a zip."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path) if path.is_file() else None
        self._folder = path

    def names(self) -> list[str]:
        if self._zip:
            return self._zip.namelist()
        found = (path for path in self._folder.rglob("*") if not path.is_dir())
        return sorted(path.relative_to(self._folder).as_posix() for path in found)

    def open(self, name: str) -> IO[bytes]:
        if self._zip:
            return self._zip.open(name)
        return (self._folder / name).open("rb")

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()


def digest_of_line(line: bytes) -> str:
    """By which a changed line is found: 8 hexadecimal digits of its SHA-256. The file's own proves that it changed."""
    return hashlib.sha256(line).hexdigest()[:8]


class Check:
    """What is wrong with a package, and what it proves."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.problems: list[tuple[str, int, str]] = []  # file, line (0: the whole), why
        self.proved: list[str] = []
        self.fingerprint = ""
        self._manifest: dict[str, Any] = {}
        self._key = b""

    def run(self) -> None:
        names = self.package.names()
        repeated = {name for name in names if names.count(name) > 1}
        for name in sorted(repeated):
            self._blame(name, 0, "is in the package more than once")
        for name in (MANIFEST, SIGNATURE):
            if name not in names:
                self._blame(name, 0, "is missing")
        if self.problems or not self._manifest_is_signed():
            return
        listed = {file["name"]: file for file in self._manifest["files"]}
        for name in sorted(set(names) - set(listed) - {MANIFEST, SIGNATURE}):
            self._blame(name, 0, "is no part of the package: it was added")
        for name in sorted(set(listed) - set(names)):
            self._blame(name, 0, "is missing: it was removed")
        changed = [name for name in listed if name in names and not self._is_unchanged(listed[name])]
        for name in changed:
            self._name_lines(name, listed, changed)
        if EVENTS in names and CHECKPOINTS in names:
            self._follow_chain()

    def _blame(self, name: str, line: int, why: str) -> None:
        self.problems.append((name, line, why))

    def _manifest_is_signed(self) -> bool:
        text, signature_text = self.package.read(MANIFEST), self.package.read(SIGNATURE)
        signature = _object(signature_text)
        wanted = {"algorithm", "line_digests", "manifest_sha256", "public_key", "signature"}
        if signature is None or signature.keys() != wanted or pretty(signature) != signature_text:
            self._blame(SIGNATURE, _odd_line(signature_text, signature), "is not as it was written")
            return False
        digests = [digest_of_line(line) for line in _split(text)]
        key, made = _bytes(signature["public_key"]), _bytes(signature["signature"])
        if signature["algorithm"] != "Ed25519" or not is_signed(key, SIGNED_FOR + text, made):
            if digests != signature["line_digests"]:
                self._name_changes(MANIFEST, digests, signature["line_digests"])
            else:
                line = _line_with(signature_text, '"signature"')
                self._blame(SIGNATURE, line, f"the signature is not that of this key for {MANIFEST}")
            return False
        if hashlib.sha256(text).hexdigest() != signature["manifest_sha256"]:
            self._blame(SIGNATURE, _line_with(signature_text, '"manifest_sha256"'), "is not as it was written")
        if digests != signature["line_digests"]:
            self._blame(SIGNATURE, _line_with(signature_text, '"line_digests"'), "is not as it was written")
        manifest = _object(text)
        if manifest is None or manifest.get("format") != SIGNED_FOR.decode().strip():
            self._blame(MANIFEST, 0, "is of a format that this program does not know")
            return False
        self._manifest, self._key = manifest, key
        self.fingerprint = hashlib.sha256(key).hexdigest()
        return True

    def _is_unchanged(self, listed: dict[str, Any]) -> bool:
        digest = hashlib.sha256()
        with self.package.open(listed["name"]) as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest() == str(listed["sha256"])

    def _name_lines(self, name: str, listed: dict[str, Any], changed: list[str]) -> None:
        if name == DIGESTS:
            self._name_changes(name, self._lines(name), list(self._digests_again(listed, changed)))
        elif DIGESTS in changed or DIGESTS not in self.package.names():
            self._blame(name, 0, f"was changed; which line cannot be told, for {DIGESTS} was changed too")
        else:
            now = [digest_of_line(line) for line in self._raw_lines(name)]
            self._name_changes(name, now, self._digests_of(name))

    def _raw_lines(self, name: str) -> Iterator[bytes]:
        with self.package.open(name) as file:
            yield from file

    def _lines(self, name: str) -> list[str]:
        return [line.decode(errors="replace") for line in self._raw_lines(name)]

    def _digests_of(self, name: str) -> list[str]:
        """The digests of a file's lines, as they were when the package was made."""
        found: list[str] = []
        inside = False
        for line in self._lines(DIGESTS):
            if line.startswith("file "):
                inside = line.split()[1] == name
            elif inside:
                found.append(line.strip())
        return found

    def _digests_again(self, listed: dict[str, Any], changed: list[str]) -> Iterator[str]:
        """What the file of digests should hold, as far as the files are unchanged."""
        for name in listed:
            if name == DIGESTS:
                continue
            yield f"file {name}\n"
            if name in changed or name not in self.package.names():
                return
            for line in self._raw_lines(name):
                yield f"{digest_of_line(line)}\n"

    def _name_changes(self, name: str, now: list[str], then: list[str]) -> None:
        """The lines that differ; where some were added or removed, the first one from which on nothing fits."""
        if not isinstance(then, list) or len(now) != len(then):
            first = next(_differing(now, then), min(len(now), len(then)) + 1)
            difference = len(now) - len(then)
            what = f"{abs(difference)} line(s) {'more' if difference > 0 else 'fewer'} than there were"
            self._blame(name, first, f"was changed from here on: {what}")
            return
        lines = list(_differing(now, then))
        for line in lines:
            self._blame(name, line, "is not as it was when the package was made")
        if not lines:
            self._blame(name, 0, "was changed")

    def _follow_chain(self) -> None:
        """Each event's own hash, its link to the one before, and the checkpoints that vouch for it."""
        heads = self._checkpoint_heads()
        count = bound = links = run = 0
        last_seq: int | None = None
        last_hash = ""
        for number, line in enumerate(self._raw_lines(EVENTS), 1):
            row = _object(line)
            if row is None or row.keys() != set(COLUMNS) or canonical(row) + b"\n" != line:
                self._blame(EVENTS, number, "is no event in its canonical form")
                last_seq = None
                continue
            count += 1
            if hashlib.sha256(canonical({name: row[name] for name in HASHED})).hexdigest() != row["hash"]:
                self._blame(EVENTS, number, "its content does not match its hash")
            if last_seq is not None and row["seq"] <= last_seq:
                self._blame(EVENTS, number, "is out of order")
            if last_seq is not None and row["seq"] == last_seq + 1:
                links += 1
                run += 1
                if row["prev"] != last_hash:
                    self._blame(EVENTS, number, "does not follow the event before it")
            else:
                run = 1
            last_seq, last_hash = row["seq"], row["hash"]
            if last_seq in heads:
                if heads[last_seq] != last_hash:
                    self._blame(EVENTS, number, "a signed checkpoint saw another event here")
                bound, run = bound + run, 0
        named = any(name == EVENTS for name, _, _ in self.problems)
        if not named and count != self._manifest["events"]["count"]:
            self._blame(EVENTS, 0, f"holds {count} events; there were {self._manifest['events']['count']}")
        self.proved += [
            f"Each of the {count} events is as it was when the package was made, and matches its own hash.",
            f"{links} of them follow the event before them in the log without a gap, by its hash.",
            f"{bound} of them are bound by that chain to one of {len(heads)} checkpoints that the desk signed.",
        ]

    def _checkpoint_heads(self) -> dict[int, str]:
        heads: dict[int, str] = {}
        for number, line in enumerate(self._raw_lines(CHECKPOINTS), 1):
            point = _object(line)
            try:
                point = point or {}
                note = f"{ORIGIN}\n{point['size']}\n{point['head']}\n{point['at']}\n".encode()
                signed = point["origin"] == ORIGIN and is_signed(self._key, note, _bytes(point["signature"]))
                size, head = int(point["size"]), str(point["head"])
            except (KeyError, TypeError, ValueError):
                signed, size, head = False, 0, ""
            if signed:
                heads[size] = head
            else:
                self._blame(CHECKPOINTS, number, "is no checkpoint that the desk signed")
        return heads

    def sentences(self) -> list[str]:
        """What the desk itself says that the package cannot prove."""
        return [str(sentence) for sentence in self._manifest.get("cannot_prove", [])]


# JSON


def canonical(value: dict[str, Any]) -> bytes:
    """RFC 8785, for objects of text, whole numbers and null."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode(errors="surrogatepass")


def pretty(value: Any) -> bytes:
    """As manifest and signature are written: one value a line."""
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _bytes(text: Any) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        return b""
    # One way to write it: the last character has bits to spare.
    return found if base64.b64encode(found).decode() == text else b""


def _line_with(text: bytes, key: str) -> int:
    lines = text.decode(errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if key in line), 0)


def _odd_line(text: bytes, value: dict[str, Any] | None) -> int:
    """The first line that is not as it would be written; where that cannot be told, where reading stops."""
    if value is None:
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            return error.lineno
        except (ValueError, RecursionError):
            pass
        return next((n for n, line in enumerate(_split(text), 1) if not _is_utf8(line)), 1)
    now, again = _split(text), _split(pretty(value))
    return next(_differing(now, again), min(len(now), len(again)))


def _split(text: bytes) -> list[bytes]:
    return io.BytesIO(text).readlines()  # at line feeds alone, which `splitlines` is not content with


def _differing(now: list[Any], then: list[Any]) -> Iterator[int]:
    """The numbers of the lines that are not the same, from 1, as far as both go."""
    pairs = zip(now, then)  # noqa: B905 - Python 3.9 does not know `strict`
    return (number for number, (a, b) in enumerate(pairs, 1) if a != b)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main(arguments: list[str]) -> int:
    """Check, say what was found, and return the exit code."""
    wanted = ""
    if "--key" in arguments:
        place = arguments.index("--key")
        wanted = "".join(arguments[place + 1 : place + 2]).lower().replace(":", "").replace(" ", "")
        del arguments[place : place + 2]
    path = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        check = Check(Package(path))
        check.run()
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        say(f"{path}: cannot be read as an evidence package: {error}")
        return 2
    if wanted and check.fingerprint and wanted != check.fingerprint:
        check.problems.append((SIGNATURE, 0, f"was signed by another key: {check.fingerprint}"))
    for name, line, why in check.problems[:MOST_NAMED]:
        say(f"{name}{f', line {line}' if line else ''}: {why}")
    if check.problems:
        more = len(check.problems) - MOST_NAMED
        say(f"{f'And {more} more. ' if more > 0 else ''}THE PACKAGE IS NOT AS IT WAS MADE.")
        return 1
    say("THE PACKAGE IS AS IT WAS MADE.")
    for sentence in check.proved:
        say(f"* {sentence}")
    say(f"It was signed by the key with the fingerprint\n  {check.fingerprint}")
    say("which matches the one you gave." if wanted else "Compare it with the one you were given by another way.")
    for sentence in check.sentences():
        say(f"Cannot be proved by the package alone: {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
