"""What the server needs to be told for signing in: the provider, the way back, and whether it may be reached at all."""

from typing import Any

from core.settings import Settings, SettingsError, is_loopback

CALLBACK = "/oauth2callback"


def check_reach(settings: Settings, address: str | None) -> None:
    """Raise SettingsError where a server at this address would let in people it must not, or could not let in any.

    Without sign-in whoever reaches the server is its administrator, so only this machine may. With it, the provider
    has to know the way back to the desk's public address.
    """
    if is_loopback(address):
        return
    if settings.sign_in is None:
        line = (
            f"Without sign-in the desk serves this machine only, not {address or 'every address'}. Set up "
            "PRIVACY_DESK_SIGN_IN__METADATA_URL and its companions, or start it with --server.address=localhost."
        )
        raise SettingsError([line])
    if settings.public_url is None:
        raise SettingsError(["PRIVACY_DESK_PUBLIC_URL: is needed with sign-in, for the provider to lead people back"])


def secrets_of(settings: Settings) -> dict[str, Any]:
    """Streamlit's `auth` section, in which it fills in `{port}` itself; empty without sign-in. Never written down."""
    sign_in = settings.sign_in
    if sign_in is None:
        return {}
    return {
        "auth": {
            "redirect_uri": f"{settings.public_url or 'http://localhost:{port}'}{CALLBACK}",
            "cookie_secret": sign_in.cookie_secret.get_secret_value(),
            "client_id": sign_in.client_id,
            "client_secret": sign_in.client_secret.get_secret_value(),
            "server_metadata_url": sign_in.metadata_url,
            "client_kwargs": {"scope": sign_in.scope},
        }
    }


def is_public_https(settings: Settings) -> bool:
    """Whether browsers reach the desk by https only, so that its cookies need never travel without."""
    return settings.public_url is not None and settings.public_url.startswith("https://")
