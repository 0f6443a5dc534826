"""The house rules: the policy file beside this one, read once into a small typed model."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ImmutableCategory(_Table):
    """A category that is refused unless a second person has overridden the rule; `advice` is shown as the fix."""

    name: str
    reason: str
    advice: str


class ScopeDepth(_Table):
    """How many categories one request of this scope may hold."""

    scope: str
    max_categories: int = Field(ge=1)


class Retention(_Table):
    """The longest retention period a purpose may declare, in days."""

    ceiling_days: int = Field(ge=1)


class Policy(_Table):
    """The house rules of one version."""

    version: str
    date: date
    immutable_category: tuple[ImmutableCategory, ...]
    scope_depth: ScopeDepth
    retention: Retention


@cache
def policy() -> Policy:
    """The house rules in force."""
    return Policy(**tomllib.loads(Path(__file__).with_name("policy.toml").read_text("utf-8")))
