"""
The only writer of conditions: from what was planned, written and seen to what a person reads.

Pure; nothing here changes by the passing of time alone.
"""

from concordat.reconcile.status.child import ChildOutcome
from concordat.reconcile.status.contracts import Judgement, report_contract
from concordat.reconcile.status.services import Seen, defective, report

__all__ = ["ChildOutcome", "Judgement", "Seen", "defective", "report", "report_contract"]
