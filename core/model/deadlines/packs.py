"""The rule packs: TOML files beside this one, read once into a small typed model."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# In the order in which a form offers them.
PACKS = ("gdpr", "uk-gdpr", "ccpa", "us-states", "world")


class Rule(BaseModel):
    """One period: so many months, calendar days or business days from receipt.

    `rolls` says that an end on a Saturday, Sunday or public holiday moves to the next working day. `note` is a
    sentence for the explanation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    months: int | None = Field(default=None, ge=1)
    days: int | None = Field(default=None, ge=1)
    business_days: int | None = Field(default=None, ge=1)
    rolls: bool = False
    article: str
    note: str = ""

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if sum(n is not None for n in (self.months, self.days, self.business_days)) != 1:
            raise ValueError("a rule counts in exactly one of months, days and business_days")
        return self


class Law(BaseModel):
    """One law, as a form's select box and the reckoning need it.

    `region_hint` says which regions make sense, empty where none changes a date. `verify` marks numbers from
    secondary sources. `pack` is the version to pin, `<pack>/<version>`. `clock_stops` says that the law lets
    the period begin later than receipt and leaves out days of waiting for a clarification. `pause_note` is of a law
    under which it is not settled whether the clock stops while the person proves who they are: the period runs on,
    and a second date, with this note, says when it would end otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    pack: str
    name: str
    verify: bool = False
    countries: tuple[str, ...] = ()
    region_hint: str = ""
    default_region: str | None = None
    default_note: str = ""
    clock_stops: bool = False
    pause_note: str = ""
    acknowledge: Rule | None = None
    respond: Rule
    extension_notice: Rule | None = None
    extended: Rule | None = None
    opt_out: Rule | None = None

    @property
    def rules(self) -> list[tuple[str, Rule]]:
        """What each rule is for, and the rule: the answer to the person comes before its extension."""
        every = {
            "acknowledge": self.acknowledge,
            "respond": self.respond,
            "extension_notice": self.extension_notice,
            "extended": self.extended,
            "opt_out": self.opt_out,
        }
        return [(what, rule) for what, rule in every.items() if rule is not None]


class Pack(BaseModel):
    """One file of rules, with where its numbers come from and the day they were looked up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    date: date
    source: str
    laws: tuple[Law, ...]


def read(name: str) -> Pack:
    """The pack in `<name>.toml`."""
    table = tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text("utf-8"))
    pin = f"{name}/{table['version']}"
    laws = tuple(Law(id=law_id, pack=pin, **law) for law_id, law in table.pop("law").items())
    return Pack(name=name, laws=laws, **table)


@cache
def known_laws() -> dict[str, Law]:
    """Every law by its id."""
    return {law.id: law for name in PACKS for law in read(name).laws}
