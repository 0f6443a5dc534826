"""All configuration, from the environment or `privacy-desk.toml`; a wrong or unknown setting stops the start."""

import base64
import binascii
import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

PREFIX = "PRIVACY_DESK_"
TOML_FILE = "privacy-desk.toml"

Contract = Literal["cxone-requests", "genesys-purposes"]


class SettingsError(Exception):
    """The configuration is wrong; `lines` holds one clear sentence for each mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def is_loopback(host: str | None) -> bool:
    """Whether a host name can only mean this machine."""
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _safe_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValueError("must not carry a user name or password")
    if not parts.hostname or parts.scheme not in {"http", "https"} or "\\" in url:
        raise ValueError("must be an absolute https URL")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must use https; plain http is allowed to this machine only")
    if parts.query or parts.fragment:
        raise ValueError("must not carry a query or fragment")
    return url.rstrip("/")


def webhook_key(secret: str) -> bytes:
    """The raw key of a Standard Webhooks secret, `whsec_` and base64 of 24 to 64 bytes.

    Strict, because the `standardwebhooks` package decodes loosely and accepts a key of 7 bytes (measured).
    Raises ValueError.
    """
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be whsec_ followed by base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError("must hold 24 to 64 bytes after whsec_")
    return key


def _webhook_secret(secret: SecretStr) -> SecretStr:
    webhook_key(secret.get_secret_value())
    return secret


Url = Annotated[str, AfterValidator(_safe_url)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]


class ConnectionSettings(BaseModel):
    """One vendor system: which contract it speaks, where, as whom, and how gently."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: Contract
    base_url: Url
    token_url: Url | None = None
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    scope: str | None = None
    credentials_in: Literal["form", "basic"] = "form"
    limit_per_minute: int = Field(default=300, ge=1, le=1_000_000)
    max_attempts: int = Field(default=5, ge=1, le=100)
    base_delay_seconds: float = Field(default=2.0, gt=0, le=3600)
    timeout_seconds: float = Field(default=30.0, gt=0, le=300)
    poll_first_seconds: float = Field(default=5.0, gt=0)
    poll_max_seconds: float = Field(default=3600.0, gt=0)
    give_up_days: float = Field(default=30.0, gt=0)
    idempotency_header: str = ""
    webhook_secret: WebhookSecret | None = None
    webhook_secret_previous: WebhookSecret | None = None
    duration_format: Literal["180d", "P180D"] = "180d"
    page_size_parameter: str = "pageSize"
    page_number_parameter: str = "pageNumber"
    page_size: int = Field(default=25, ge=1, le=1000)
    paused: bool = False

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_contract(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {**CONTRACT_DEFAULTS.get(str(values.get("contract")), {}), **values}

    @property
    def token_endpoint(self) -> str:
        return self.token_url or f"{self.base_url}/oauth/token"


# The defaults each contract names (contract.md 1.1, 1.4, 2.1, 2.2).
CONTRACT_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "cxone-requests": {
        "base_url": "https://api.mynicecx.com",
        "scope": "privacy:read privacy:write",
        "idempotency_header": "Idempotency-Key",
    },
    "genesys-purposes": {
        "base_url": "https://api.mypurecloud.com",
        "scope": "privacy:purpose:read privacy:purpose:write",
        "limit_per_minute": 600,
        "max_attempts": 3,
        "base_delay_seconds": 1.0,
    },
}

# A connection with one of these names need not say which contract it speaks.
NAMED_CONTRACTS: Mapping[str, Contract] = {"cxone": "cxone-requests", "genesys": "genesys-purposes"}


class VaultSettings(BaseModel):
    """Where the proof of a completed request goes: the built-in table, or an HTTPS endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Url | None = None
    secret: WebhookSecret | None = None
    template: dict[str, str] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=30.0, gt=0, le=300)
    max_attempts: int = Field(default=12, ge=1, le=100)

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.url and not self.secret:
            raise ValueError("an HTTPS vault needs a secret to sign with")
        return self


class SignInSettings(BaseModel):
    """The OpenID Connect provider that people sign in with, how its claims become roles, how long sessions last.

    A session ends `session_hours` after its sign-in, `idle_minutes` after the last thing done in it, and with the
    provider's ID token: some providers give that minutes only, then lengthen it there or set `end_with_token` off.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metadata_url: Url  # …/.well-known/openid-configuration
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    cookie_secret: SecretStr  # signs the session cookie; at least 32 characters
    scope: str = "openid profile email"
    roles_claim: str = "roles"  # or a path, `realm_access.roles`; empty: no claim gives roles
    # From the claim's values to roles; where it is empty, values named like the roles give them.
    roles: dict[str, Literal["requester", "approver", "auditor", "administrator"]] = Field(default_factory=dict)
    administrators: list[str] = Field(default_factory=list)  # `sub` claims: who sets the others' roles at first
    session_hours: float = Field(default=12.0, gt=0, le=24 * 30)
    idle_minutes: float = Field(default=30.0, gt=0, le=24 * 60)
    end_with_token: bool = True

    @field_validator("metadata_url")
    @classmethod
    def _metadata(cls, url: str) -> str:
        if not url.endswith("/.well-known/openid-configuration"):
            raise ValueError("must be the provider's address that ends in /.well-known/openid-configuration")
        return url

    @field_validator("client_secret")
    @classmethod
    def _given(cls, secret: SecretStr) -> SecretStr:
        if not secret.get_secret_value():
            raise ValueError("must not be empty")
        return secret

    @field_validator("cookie_secret")
    @classmethod
    def _strong(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters; `openssl rand -hex 32` makes one")
        return secret

    @field_validator("scope")
    @classmethod
    def _openid(cls, scope: str) -> str:
        if "openid" not in scope.split():
            raise ValueError("must hold openid")
        return scope

    @property
    def issuer(self) -> str:
        """Whom the metadata speaks for."""
        return self.metadata_url.removesuffix("/.well-known/openid-configuration")


class NoticeSettings(BaseModel):
    """Where notices go beside the desk's own bell: an HTTPS endpoint, signed per Standard Webhooks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Url | None = None
    secret: WebhookSecret | None = None
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.url and not self.secret:
            raise ValueError("notices to an HTTPS endpoint need a secret to sign with")
        return self


class KeepSettings(BaseModel):
    """How long records are kept before they are disposed of, and why. Months of the calendar."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # 11 CCR 7101 asks for 24 months at least; a year more covers a claim that comes late.
    requests_months: int = Field(default=36, ge=24, le=1200)
    events_months: int = Field(default=36, ge=24, le=1200)
    exports_months: int = Field(default=3, ge=1, le=1200)
    reason: str = "11 CCR 7101 asks for 24 months at least; 36 leave room for a late claim."

    @model_validator(mode="after")
    def _proof_outlives(self) -> Self:
        if self.events_months < self.requests_months:
            raise ValueError("events_months must not be shorter than requests_months: they are the requests' proof")
        return self


class Settings(BaseSettings):
    """Everything that can be set. Durations carry their unit in the name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", toml_file=TOML_FILE, extra="forbid", frozen=True
    )

    database: Path = Path("var/privacy-desk.db")
    keys: Path = Path("var/privacy-desk.keys")
    public_url: Url | None = None
    connections: dict[str, ConnectionSettings] = Field(default_factory=dict)
    vault: VaultSettings = VaultSettings()
    law: str = "gdpr"
    region: str | None = None
    time_zone: str = "Europe/Berlin"
    # Under the EU GDPR it is not settled whether the clock stops while a person proves who they are.
    identity_pause: Literal["clock_runs", "clock_stops"] = "clock_runs"
    identifier_grace_days: float = Field(default=30.0, ge=0)
    approvals: Literal["auto", "on", "off"] = "auto"
    sign_in: SignInSettings | None = None
    erasure_grace_minutes: float | None = Field(default=None, ge=0, le=7 * 24 * 60)
    erasures_per_hour: int | None = Field(default=None, ge=1)
    keep: KeepSettings = KeepSettings()
    notices: NoticeSettings = NoticeSettings()
    sandbox_limit_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    drift_check_hours: float = Field(default=24.0, ge=0, le=24 * 366)
    controller: str = ""
    data_protection_officer: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _named_contracts(cls, values: Any) -> Any:
        named = values.get("connections") if isinstance(values, dict) else None
        if not isinstance(named, dict):
            return values
        filled = {}
        for name, connection in named.items():
            known = NAMED_CONTRACTS.get(name.lower())
            if known and isinstance(connection, dict):
                connection = {"contract": known, **connection}
            filled[name.lower()] = connection
        return {**values, "connections": filled}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.connections:
            if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
                raise ValueError(f"connection name {name!r} may hold letters, digits, - and _ only")
        if self.time_zone not in available_timezones():
            raise ValueError(f"time_zone {self.time_zone!r} is not a known time zone, e.g. Europe/Berlin")
        return self

    @property
    def in_sandbox(self) -> bool:
        """With no connection configured, the desk talks to its own sandbox."""
        return not self.connections

    @property
    def four_eyes(self) -> bool:
        """Whether erasures, shortened retention and hold overrides wait for a second person.

        `auto` is on where sign-in is configured: without it there is only one person to be.
        """
        return self.approvals == "on" or (self.approvals == "auto" and self.sign_in is not None)

    @property
    def erasure_grace(self) -> timedelta:
        """How long an erasure waits before it is sent, so that a mistake can be stopped.

        Where it is not set: ten minutes with sign-in configured, none without.
        """
        minutes = self.erasure_grace_minutes
        if minutes is None:
            minutes = 10.0 if self.sign_in else 0.0
        return timedelta(minutes=minutes)

    def callback_url(self, connection: str) -> str | None:
        """Where a vendor can tell the desk about its requests; None without a public https address."""
        if self.public_url is None or not self.public_url.startswith("https://"):
            return None
        return f"{self.public_url}/webhooks/{connection}"

    @property
    def folder(self) -> Path:
        """Where the files beside the database live: checkpoints, the sandbox's own state."""
        return self.database.parent


def load(**overrides: Any) -> Settings:
    """The settings of this process. Raises SettingsError with one line for each mistake."""
    lines = _unknown_environment()
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        lines += [_line(dict(e)) for e in error.errors(include_url=False, include_input=False)]
    except tomllib.TOMLDecodeError as error:
        lines.append(f"{TOML_FILE} is not valid TOML: {error}")
    if lines:
        raise SettingsError(lines)
    return settings


def _unknown_environment() -> list[str]:
    # pydantic-settings passes over an unknown top-level variable in silence; a misspelt setting must not.
    known = set(Settings.model_fields)
    return [
        f"{name} is not a setting of Privacy Desk"
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).split("__")[0].lower() not in known
    ]


def _line(error: dict[str, Any]) -> str:
    where = "__".join(str(part) for part in error["loc"]).upper()
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "is not a setting of Privacy Desk"
    return f"{PREFIX}{where}: {message}" if where else message
