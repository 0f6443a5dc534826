"""The desk whole: all of its parts over one store."""

from typing import Self

from core.clock import Clock, SystemClock
from core.desk.approvals import ApprovalActions, ApprovalPage, Choice, Decided, PendingApproval
from core.desk.audit_places import AuditPlaceActions
from core.desk.base import ChangedError, DeskBase, DeskError, open_store
from core.desk.batches import BatchActions
from core.desk.connections import ConnectionActions, ConnectionView, TokenTest
from core.desk.deadlines import ClockView, DeadlineActions
from core.desk.disposal import DisposalActions
from core.desk.downloads import DownloadActions
from core.desk.evidence import EvidenceActions
from core.desk.export_work import ExportWorkActions
from core.desk.filing import FilingActions, Preview, Submitted
from core.desk.following import FollowingActions, RequestPage, RequestView, curl
from core.desk.health import Figures, Health, HealthActions
from core.desk.holds import HeldBack, HoldActions, HoldView, Placed, Released
from core.desk.ledger import LedgerActions, LedgerEntry
from core.desk.measures import MeasureActions
from core.desk.notices import NoticeActions, NoticePage
from core.desk.overview import Overview, OverviewActions
from core.desk.people import PeopleActions, PersonView, Visit
from core.desk.purposes import PurposeActions
from core.desk.records import AuditPage, RecordActions
from core.desk.records_of_processing import ProcessingRecordActions
from core.desk.reports.actions import ReportActions
from core.desk.samples import SampleActions
from core.desk.sending import InGrace, SendingActions
from core.desk.verification import VerificationActions
from core.desk.webhooks import Acceptance, VendorEvent, WebhookActions
from core.model.deadlines import laws
from core.settings import Settings, SettingsError, load

__all__ = [
    "Acceptance",
    "ApprovalPage",
    "AuditPage",
    "ChangedError",
    "Choice",
    "ClockView",
    "ConnectionView",
    "Decided",
    "Desk",
    "DeskBase",
    "DeskError",
    "Figures",
    "Health",
    "HeldBack",
    "HoldView",
    "InGrace",
    "LedgerEntry",
    "NoticePage",
    "Overview",
    "PendingApproval",
    "PersonView",
    "Placed",
    "Preview",
    "Released",
    "RequestPage",
    "RequestView",
    "Submitted",
    "TokenTest",
    "VendorEvent",
    "Visit",
    "curl",
]


class Desk(
    ReportActions,
    BatchActions,
    FilingActions,
    FollowingActions,
    DeadlineActions,
    ApprovalActions,
    HoldActions,
    LedgerActions,
    SendingActions,
    ConnectionActions,
    RecordActions,
    MeasureActions,
    SampleActions,
    WebhookActions,
    HealthActions,
    NoticeActions,
    OverviewActions,
    PeopleActions,
    PurposeActions,
    ProcessingRecordActions,
    VerificationActions,
    AuditPlaceActions,
    EvidenceActions,
    DownloadActions,
    ExportWorkActions,
    DisposalActions,
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
