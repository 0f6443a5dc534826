"""Logs as JSON lines: one record a line, escaped, without secrets and without what people entered."""

import json
import logging
import math
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from core.clock import to_text

_TEXT_LIMIT: Final = 1000
_FRAMES: Final = 6
_CAUSES: Final = 4
_HIDDEN: Final = "***"

_CLEANED: Final = (
    (re.compile(r"://[^/\s\"'<>]*@"), "://"),  # the user name and password of a URL
    (re.compile(r"\?[^\s\"'<>()\[\]{},;]+"), "?…"),  # its query, also where only the path is quoted
    (re.compile(r"(://[^\s\"'<>#]*)#[^\s\"'<>]+"), r"\1#…"),
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]+"), _HIDDEN),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.?[\w-]*"), _HIDDEN),
    (
        re.compile(r"(?i)((?:secret|token|password|api_?key|signature)[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,}]+"),
        rf"\1{_HIDDEN}",
    ),
)
_OF_MACHINE_OR_CODE: Final = (OSError, ImportError, NameError, AttributeError)
_SECRET_NAME: Final = re.compile(r"secret|token|password|api_?key|signature|authorization|cookie", re.IGNORECASE)
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """`{"time", "level", "logger", "message", …}`: then what `extra` carried, and `error` for an exception.

    ASCII only, so that line breaks, terminal escapes and line separators arrive spelt out, never obeyed.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": to_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean(_message(record)),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line.setdefault(name, _HIDDEN if _SECRET_NAME.search(name) else _plain(value))
        if record.exc_info and record.exc_info[1]:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line)


def configure(level: int | str = logging.INFO, stream: IO[str] | None = None) -> None:
    """Write the log of this process to `stream` (standard error by default), as JSON lines and nothing else.

    That goes for warnings, and for exceptions that nobody caught, in any thread. Libraries that brought a handler
    of their own lose it, and are heard from WARNING on. Calling it again is safe, and takes in those that came since.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in list(root.manager.loggerDict):
        logger = logging.getLogger(name)
        if logger.handlers:
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(max(logger.level, logging.WARNING))
    logging.captureWarnings(capture=True)
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_uncaught_in_thread


def clean(text: str) -> str:
    """A text without the query and user part of URLs and without what looks like a secret, cut at 1000 characters."""
    text = text[: 10 * _TEXT_LIMIT]
    for pattern, replacement in _CLEANED:
        text = pattern.sub(replacement, text)
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"


def describe(error: BaseException) -> dict[str, Any]:
    """An exception by its type, where it was raised, and its causes; no source line and no local variable.

    Its message only if it is one of ours, or about the machine, the database or the code: those say what happened,
    whereas any other (a KeyError, a validation error) may quote what somebody entered.
    """
    told: dict[str, Any] = {}
    link, present = told, error
    for depth in range(_CAUSES):
        link["type"] = type(present).__name__
        ours = type(present).__module__.partition(".")[0] in {"core", "sqlite3"}
        if ours or isinstance(present, _OF_MACHINE_OR_CODE):
            link["message"] = clean(str(present))
        link["at"] = where(present)
        cause = present.__cause__ or (None if present.__suppress_context__ else present.__context__)
        if cause is None or depth == _CAUSES - 1:
            break
        link["cause"] = {}
        link, present = link["cause"], cause
    return told


def where(error: BaseException) -> list[str]:
    """The last frames of an exception, outermost first: `core/desk/webhooks.py:42 in accept_webhook`."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("nobody caught this", exc_info=(kind, error, trace))


def _tell_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _tell_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _short(filename: str) -> str:
    """The last three parts of a path: enough to find the file, and nothing about the machine."""
    return "/".join(Path(filename).parts[-3:])


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit; logging itself would print them, with their values
        return str(record.msg)


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return clean(str(value))
