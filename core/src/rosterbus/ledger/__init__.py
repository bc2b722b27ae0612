"""The ledger: the durable record of runs, plans, deliveries, baselines and what people decided."""

from rosterbus.ledger.ledger import Ledger
from rosterbus.ledger.records import (
    ApprovalRecord,
    BaselineMove,
    BaselineRecord,
    DeliveryRecord,
    EventRecord,
    ExtractRecord,
    NoticeRecord,
    PlanRecord,
    Purge,
    RunRecord,
    SettlementRecord,
)
from rosterbus.ledger.transitions import IllegalTransitionError
from rosterbus.ledger.witness import Witness

__all__ = [
    "ApprovalRecord",
    "BaselineMove",
    "BaselineRecord",
    "DeliveryRecord",
    "EventRecord",
    "ExtractRecord",
    "IllegalTransitionError",
    "Ledger",
    "NoticeRecord",
    "PlanRecord",
    "Purge",
    "RunRecord",
    "SettlementRecord",
    "Witness",
]
