"""JSON from outside, read strictly: what two parsers could read differently is refused."""

import json
from typing import Any

MAX_DEPTH = 64
MAX_INTEGER = 2**63 - 1


class StrictJsonError(ValueError):
    """The body is not acceptable: `code` is `not_json` (no JSON at all) or `contract_violation` (JSON, but hostile)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def is_json_type(content_type: str | None) -> bool:
    """Whether a Content-Type header names JSON (`application/json`, or any `+json`)."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def parse(body: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises StrictJsonError for anything that is not one, and for duplicate keys, NaN and infinities, integers
    beyond 64 bits, more than 64 levels, and text that no UTF-8 file can hold (lone surrogates).
    """
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_fraction,
        )
    except StrictJsonError:
        raise
    except RecursionError:
        raise _violation("is nested too deeply") from None
    except ValueError:  # JSONDecodeError and UnicodeDecodeError are ValueErrors; their texts quote the body
        raise StrictJsonError("not_json", "The body is not JSON") from None
    _check(value, MAX_DEPTH)
    return value


def _violation(what: str) -> StrictJsonError:
    return StrictJsonError("contract_violation", f"The JSON body {what}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _violation("names a key twice")
    return found


def _constant(_: str) -> Any:
    raise _violation("holds NaN or Infinity")


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > MAX_INTEGER:
        raise _violation("holds a whole number beyond 64 bits")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if number in {float("inf"), float("-inf")}:
        raise _violation("holds a number beyond all bounds")
    return number


def _check(value: Any, levels: int) -> None:
    if levels < 0:
        raise _violation("is nested too deeply")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _violation("holds text that is not Unicode") from None
    elif isinstance(value, list):
        for item in value:
            _check(item, levels - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, levels)
            _check(item, levels - 1)
