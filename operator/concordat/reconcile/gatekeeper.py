"""
The four verbs, for one ServiceContract: gather what binds and who relies on it, decide, keep what comes into force, report.

The authority: whatever a webhook let through, or did not see, is judged here before anything follows from it.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from concordat import conventions
from concordat.api import AcceptedVersion, Microservice, ServiceContract
from concordat.assessor import Assessor
from concordat.cluster.client import Client
from concordat.cluster.failures import ApiError
from concordat.errors import ConcordatError, Problem, Rejected, Waiting
from concordat.facts import Missing
from concordat.gate import Assessment, Case, InForce, Question, Tokens, decide, refusal, together, tokens_of_external
from concordat.gate.consent import counts, next_end, renewed
from concordat.reconcile.announcement import announce
from concordat.reconcile.contract_children import Built, ContractChildren
from concordat.reconcile.contracts import SERVICE_CONTRACT, Contracts, Judged, Known, binds
from concordat.reconcile.keys import Key
from concordat.reconcile.library import Library
from concordat.reconcile.merge_patch import merge_patch
from concordat.reconcile.outcome import LOOK_AGAIN_AT_REFUSAL, Outcome
from concordat.reconcile.parent import Parent
from concordat.reconcile.parents import Parents
from concordat.reconcile.reliance import tokens_in, usages_in
from concordat.reconcile.settling import what_is_left
from concordat.reconcile.trials import Trial
from concordat.status import Judgement, report_contract

logger = logging.getLogger(__name__)

Usages = dict[str, dict[str, tuple[str, ...] | None] | None]


class Gatekeeper:
    """Decides about one contract at a time, and tells services what contracts offer them."""

    def __init__(
        self,
        client: Client,
        *,
        contracts: Contracts,
        parents: Parents,
        children: ContractChildren | None = None,
        tried: Callable[[Key], Trial | None] = lambda _key: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``children`` builds what follows from a contract; without it nothing is written but the status."""
        self.assessor = Assessor()
        self._client = client
        self._contracts = contracts
        self._parents = parents
        self._children = children
        self._library = Library(client)
        self._tried = tried
        self._now = now

    async def reconcile(self, key: Key) -> Outcome:
        """One pass. Raises :exc:`ApiError` only for what concerns the contract itself."""
        known = self._contracts.find(key)
        if known is None or known.deleting:
            return Outcome()
        generation, contract = known.generation, known.contract
        if known.paused or contract is None:
            seen = Judgement(generation=generation, paused=known.paused, problems=known.problems)
            await self._report(known, seen)
            return Outcome()
        try:
            case = await self._case(known, contract)
            seen = await self._applied(known, case, generation)
        except (Waiting, Rejected) as error:
            problem = Problem(path="", message=error.message)
            await self._report(
                known, Judgement(generation=generation, contract=contract, problems=(problem,), reason=error.reason)
            )
            again = error.retry_after if isinstance(error, Waiting) else LOOK_AGAIN_AT_REFUSAL
            return Outcome(result="requeue_after", again_after=again)
        built = await self._build(known, contract, seen)
        await self._report(known, replace(seen, built=built.outcomes, left_out=built.problems))
        refused = seen.decision is not None and not seen.decision.accepted and contract.spec.document.inline is None
        left = self._until_consent_ends(known, what_is_left(built.settled))
        if left == Outcome() and refused:
            return Outcome(result="requeue_after", again_after=LOOK_AGAIN_AT_REFUSAL)
        return left

    def _until_consent_ends(self, known: Known, left: Outcome) -> Outcome:
        """Looks again when consent that was withdrawn stops binding."""
        seconds = next_end(known.status.consents, self._now())
        if seconds is None or left.retry or 0 < left.again_after <= seconds:
            return left
        return Outcome(result="requeue_after", again_after=max(1.0, seconds))

    async def foresee(self, contract: ServiceContract, *, same_document: bool, alone: bool = False) -> Case:
        """
        The case of a contract as somebody would have it; nothing is kept, and nothing written.

        ``same_document`` says that its document is the one we know, ``alone`` that nothing of what we know may be told: it is judged as
        if it were the first version and nobody used it. Raises :exc:`Waiting` and :exc:`Rejected` like a pass.
        """
        known = None if alone else self._contracts.named(contract.namespace, contract.name)
        in_force, usages = known.in_force if known else InForce(), {} if alone else self.usages(contract)
        kept = in_force.digest_of(contract.spec.version)
        if same_document and kept is not None and _same_auth(known, contract):
            assessment = Assessment(digest=kept, version=contract.spec.version)
        else:
            assessment = await self.assessor.ask(
                Question(
                    document=await self._library.source(contract),
                    format=contract.spec.type.value,
                    new=kept is None,
                    before=await self._before(known, contract) if known and kept is None and binds(contract) else (),
                    compatibility=contract.spec.compatibility,
                    usages=usages if kept is None else {},
                    scopes=contract.spec.auth.scopes if contract.spec.auth else None,
                )
            )
        return self._as_case(contract, in_force, assessment, usages, alone=alone)

    async def admit(self, key: Key, defect: Exception) -> None:
        """A pass has ended by a defect of ours: what was accepted stays, and nothing new is."""
        known = self._contracts.find(key)
        if known is None or known.deleting:
            return
        problem = Problem(path="", message=f"a defect of the operator: {type(defect).__name__}: {defect}")
        seen = Judgement(
            generation=known.generation,
            contract=known.contract,
            problems=(problem,),
            reason=conventions.REASON_INTERNAL_ERROR,
        )
        with suppress(Exception):  # the defect may be in the writing itself; it is tried again anyway
            await self._report(known, seen)

    # --- gather ---------------------------------------------------------------------------------------------------------

    async def _case(self, known: Known, contract: ServiceContract) -> Case:
        usages = self.usages(contract)
        in_force = known.in_force
        assessment = await self._assessment(known, contract, in_force, usages)
        return self._as_case(contract, in_force, assessment, usages)

    def _as_case(
        self,
        contract: ServiceContract,
        in_force: InForce,
        assessment: Assessment,
        usages: Usages,
        *,
        alone: bool = False,
    ) -> Case:
        return Case(
            contract=contract,
            in_force=in_force,
            assessment=assessment,
            users=tuple(sorted(usages)),
            usages=usages,
            tokens={} if alone else self._tokens(contract, in_force),
        )

    def _tokens(self, contract: ServiceContract, in_force: InForce) -> Tokens:
        """Which tokens are asked for now: by every revision that runs, and by external consumers."""
        reference = contract.reference
        running = {
            str(parent.key): tuple(
                dict.fromkeys(tokens_in(text).get(reference) for text in parent.relies if reference in usages_in(text))
            )
            for parent in self._relying(contract)
        }
        return tokens_of_external(contract, in_force.auth) | running

    def usages(self, contract: ServiceContract) -> Usages:
        """What is used of a contract now: by pods that run, and by external consumers."""
        found: Usages = {
            external.name: None if external.uses is None else {use.operation: use.reads for use in external.uses}
            for external in contract.spec.external_consumers
        }
        for parent in self._relying(contract):
            declared = [
                uses[contract.reference] for text in parent.relies if contract.reference in (uses := usages_in(text))
            ]
            found[str(parent.key)] = together(declared)
        return found

    def _relying(self, contract: ServiceContract) -> Iterator[Parent]:
        """Services whose pods use it, with its consent: what anybody else declares binds nobody."""
        known = self._contracts.named(contract.namespace, contract.name)
        recorded = known.status.consents if known else ()
        for parent in self._parents.relying(contract.namespace, contract.name):
            if counts(parent.key.namespace, contract, recorded):
                yield parent

    async def _assessment(
        self, known: Known, contract: ServiceContract, in_force: InForce, usages: Usages
    ) -> Assessment:
        if _stands(known, contract):
            return Assessment(digest=in_force.digest_of(contract.spec.version) or "", version=contract.spec.version)
        judged = known.judged
        unchanged = judged is not None and judged.of is contract and contract.spec.document.inline is not None
        if judged is not None and unchanged and (judged.in_force, judged.usages) == (in_force, usages):
            return judged.assessment
        new = in_force.digest_of(contract.spec.version) is None
        assessment = await self.assessor.ask(
            Question(
                document=await self._library.source(contract),
                format=contract.spec.type.value,
                new=new,
                before=await self._before(known, contract) if new and binds(contract) else (),
                compatibility=contract.spec.compatibility,
                usages=usages if new else {},
                scopes=contract.spec.auth.scopes if contract.spec.auth else None,
                keep=new and binds(contract),
            )
        )
        slim = assessment.model_copy(update={"normal": ""})
        known.judged = Judged(of=contract, in_force=in_force, usages=usages, assessment=slim)
        return assessment

    async def _before(self, known: Known, contract: ServiceContract) -> tuple[str, ...]:
        versions = known.status.versions
        if not contract.spec.compatibility.value.endswith("-transitive"):
            versions = versions[-1:]
        return tuple([await self._library.accepted(contract.namespace, version) for version in versions])

    # --- apply ----------------------------------------------------------------------------------------------------------

    async def _applied(self, known: Known, case: Case, generation: int) -> Judgement:
        decision = decide(case)
        kept = None
        if decision.comes_into_force:
            kept = await self._keep(case)
        if decision.forced and (case.is_new or case.shut_out):
            await announce(
                self._client,
                kind=conventions.SERVICE_CONTRACT,
                namespace=known.key.namespace,
                name=known.key.name,
                uid=known.uid,
                note=f"{case.contract.break_glass}: {refusal(case, decision)}",
                now=self._now(),
            )
        return Judgement(generation=generation, contract=case.contract, case=case, decision=decision, kept=kept)

    async def _keep(self, case: Case) -> AcceptedVersion:
        contract, assessment = case.contract, case.assessment
        normal = assessment.normal
        if not normal:  # remembered without it
            question = Question(document=await self._library.source(contract), keep=True)
            normal = (await self.assessor.ask(question)).normal
        name = await self._library.keep(contract, assessment.digest, normal)
        logger.info("%s: version %s comes into force", contract.reference, contract.spec.version)
        return AcceptedVersion(version=contract.spec.version, digest=assessment.digest, config_map=name)

    async def _build(self, known: Known, contract: ServiceContract, seen: Judgement) -> Built:
        """What follows from the version in force, whatever became of the one in the spec."""
        if self._children is None:
            return Built()
        versions = (*known.status.versions, seen.kept) if seen.kept else known.status.versions
        return await self._children.settle(known, contract, versions[-1] if versions else None)

    # --- report ---------------------------------------------------------------------------------------------------------

    async def _report(self, known: Known, seen: Judgement) -> None:
        trial = self._tried(known.key)
        seen = replace(seen, tried=trial.verdict if trial else None)
        if seen.contract is not None:
            seen = replace(seen, consents=renewed(seen.contract, known.status.consents, self._now()))
        status = report_contract(known.status, seen, now=self._now().strftime("%Y-%m-%dT%H:%M:%SZ"))
        changes = merge_patch(known.status, status)
        if not changes:
            return
        try:
            answer = await self._client.patch_status(
                SERVICE_CONTRACT, known.key.namespace, known.key.name, changes, uid=known.uid
            )
        except ApiError as error:
            if error.not_found or error.conflicting:
                return  # deleted, or another one by now: its event is on the way
            raise
        self._contracts.wrote_status(known, status, answer["metadata"])

    # --- what services are told -----------------------------------------------------------------------------------------

    def undecided(self, service: Microservice) -> bool:
        """A contract it provides or consumes was edited, and nobody knows yet what becomes of it."""
        used = [tuple(reference.split("/", 1)) for reference in service.spec.contracts_used(service.namespace)]
        provided = [(service.namespace, name) for name in service.spec.provides]
        found = (self._contracts.named(namespace, name) for namespace, name in (*used, *provided))
        return any(known.pending for known in found if known is not None and known.lets_in(service.namespace))

    async def missing(self, service: Microservice) -> dict[str, tuple[Missing, ...]]:
        """What it declares to use and is not offered, by ``namespace/name`` of the contract."""
        found = {}
        for reference, uses in service.spec.contracts_used(service.namespace).items():
            namespace, name = reference.split("/", 1)
            known = self._contracts.named(namespace, name)
            if not uses or known is None or not known.status.versions or not known.lets_in(service.namespace):
                continue
            try:
                document = await self._library.accepted(namespace, known.status.versions[-1])
            except ConcordatError as error:
                if isinstance(error, ApiError):
                    raise
                logger.warning("%s: the version in force cannot be read: %s", reference, error)
                continue
            answer = await self.assessor.ask(Question(document=document, usages={service.reference: uses}))
            found[reference] = tuple(
                Missing(operation=use.operation, field=use.field, message=use.message)
                for use in answer.unknown.get(service.reference, ())
            )
        return found


def _stands(known: Known, contract: ServiceContract) -> bool:
    """The version in the spec is in force, and we said so of this very spec: its document need not be read again."""
    return (
        known.status.version == contract.spec.version
        and known.status.observed_generation == known.generation
        and not known.refusal
        and (contract.spec.auth is None or known.in_force.auth is not None)
    )


def _same_auth(known: Known | None, contract: ServiceContract) -> bool:
    """It demands what is in force, so that its document need not be read to know where."""
    if contract.spec.auth is None:
        return True
    return (
        known is not None
        and known.contract is not None
        and known.contract.spec.auth == contract.spec.auth
        and (_stands(known, known.contract))
    )
