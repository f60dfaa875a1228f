"""
What must hold before anything is built: small pure checks, each named for what it finds.

What blocks forbids building, because building would do harm; the last good children stay as they are. Everything else
only leaves something out: two services that consume each other can be created in any order, and a service whose provider
is gone can still be mended. What is left out is an error where a person must act, a warning where it may be meant so.
"""

from concordat.policies.contracts import CONTRACT_POLICIES
from concordat.policies.services import SERVICE_POLICIES
from concordat.policies.violation import Policy, Violation, violations

MICROSERVICE_POLICIES = (*SERVICE_POLICIES, *CONTRACT_POLICIES)

__all__ = ["CONTRACT_POLICIES", "MICROSERVICE_POLICIES", "Policy", "Violation", "violations"]
