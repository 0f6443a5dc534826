"""The service layer: every action of a person, authorised, and written with its audit event in one transaction."""

from typing import Self

from core.clock import Clock, SystemClock
from core.desk.audit_places import AuditPlaceActions
from core.desk.base import ChangedError, DeskBase, DeskError, open_store
from core.desk.batches import BatchActions
from core.desk.connections import ConnectionActions, ConnectionView, TokenTest
from core.desk.filing import FilingActions, Preview, Submitted
from core.desk.following import FollowingActions, RequestPage, RequestView, curl
from core.desk.health import Figures, Health, HealthActions
from core.desk.measures import MeasureActions, Metrics
from core.desk.people import PeopleActions, PersonView, Visit
from core.desk.purposes import PurposeActions
from core.desk.records import AuditPage, Overview, RecordActions
from core.desk.records_of_processing import ProcessingRecordActions
from core.desk.verification import VerificationActions
from core.desk.webhooks import Acceptance, VendorEvent, WebhookActions
from core.model.deadlines import laws
from core.settings import Settings, SettingsError, load

__all__ = [
    "Acceptance",
    "AuditPage",
    "ChangedError",
    "ConnectionView",
    "Desk",
    "DeskBase",
    "DeskError",
    "Figures",
    "Health",
    "Metrics",
    "Overview",
    "PersonView",
    "Preview",
    "RequestPage",
    "RequestView",
    "Submitted",
    "TokenTest",
    "VendorEvent",
    "Visit",
    "curl",
]


class Desk(
    BatchActions,
    FilingActions,
    FollowingActions,
    ConnectionActions,
    RecordActions,
    MeasureActions,
    WebhookActions,
    HealthActions,
    PeopleActions,
    PurposeActions,
    ProcessingRecordActions,
    VerificationActions,
    AuditPlaceActions,
):
    """The whole desk over one store."""

    @classmethod
    def open(cls, settings: Settings | None = None, clock: Clock | None = None) -> Self:
        """The desk of these settings (by default this process's). Raises SettingsError, KeysError, StoreError."""
        settings = settings or load()
        if settings.law not in {law.id for law in laws()}:
            known = ", ".join(law.id for law in laws())
            raise SettingsError([f"PRIVACY_DESK_LAW: there is no rule pack for {settings.law!r}; there are {known}"])
        clock = clock or SystemClock()
        return cls(settings, open_store(settings, clock), clock)
