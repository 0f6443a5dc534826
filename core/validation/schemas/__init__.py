"""The JSON Schemas beside this file, one a contract, and their validators."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_FOLDER = Path(__file__).parent
_CONTRACTS = frozenset(path.stem for path in _FOLDER.glob("*.json"))


@cache
def schema_of(contract: str) -> dict[str, Any]:
    """The schema of a contract's payload. Raises ValueError for a contract that has none."""
    if contract not in _CONTRACTS:
        raise ValueError(f"There is no schema for {contract!r}; there is one for {', '.join(sorted(_CONTRACTS))}")
    schema: dict[str, Any] = json.loads((_FOLDER / f"{contract}.json").read_text("utf-8"))
    return schema


@cache
def validator_of(contract: str) -> "Draft202012Validator":
    """The validator of a contract's payload, with formats checked: without a checker, `format` is an annotation."""
    # One second to import (it compiles a grammar of IRIs), and most starts of the desk check no payload.
    from jsonschema import Draft202012Validator, FormatChecker

    schema = schema_of(contract)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker(["uri"]))
