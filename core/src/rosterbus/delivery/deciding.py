"""What people decide: to let a held plan go, and what became of a delivery that nobody else can know."""

from __future__ import annotations

from datetime import datetime

from rosterbus.delivery.withdrawals import arrived
from rosterbus.errors import ConfigError, RefusedError
from rosterbus.ledger import ApprovalRecord, Ledger, SettlementRecord, Witness
from rosterbus.ledger.records import Settled
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import Project


def approve(
    project: Project, ledger: Ledger, text: str, *, by: str, reason: str, expires: datetime
) -> ApprovalRecord:
    """Approve a held plan, known by a prefix of its id; raises ConfigError or RefusedError where that cannot be."""
    record = ledger.find_plan(text)
    plan = StoredPlan.load(record.folder)
    witness = Witness.from_here(by=by, reason=reason)
    _refuse_stranger(project, witness)
    if plan.verdict == "refused":
        msg = f"plan {plan.id} is refused by a vendor's rule, which nobody here can lift: {plan.because}"
        raise RefusedError(msg)
    if plan.verdict != "held" or record.state != "staged":
        state = record.state if plan.verdict == "held" else plan.verdict
        raise ConfigError("only a held plan is approved", key=f"plan {plan.id}", found=state, allowed="held")
    return ledger.approvals.record(plan.id, witness, expires_at=expires)


def settle(ledger: Ledger, text: str, settled: Settled, *, by: str, reason: str) -> SettlementRecord:
    """Write what a person knows of a delivery; one that arrived becomes what the vendor holds."""
    witness = Witness.from_here(by=by, reason=reason)
    delivery = ledger.find_delivery(text)
    plan = StoredPlan.load(ledger.plans.get(delivery.plan).folder)
    token = ledger.runs.begin(delivery.pipeline, "settle")
    arrives = settled != "not arrived" and delivery.state != "confirmed"
    baselines = arrived(ledger, plan, delivery, token=token) if arrives else []
    record = ledger.confirmations.settle(delivery.id, settled, witness, token=token, baselines=baselines)
    ledger.runs.end(token, 0, summary={"settled": settled, "delivery": delivery.id})
    return record


def _refuse_stranger(project: Project, witness: Witness) -> None:
    if project.approvers and witness.account not in project.approvers:
        wrong = "this account may not approve"
        raise project.error(("approvers",), wrong, found=witness.account, allowed=project.approvers)
