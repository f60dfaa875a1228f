"""
Every name we own: labels, annotations, reasons, field managers, environment variables.

A name that appears in a manifest, a rule, a dashboard and a test is written here once.
"""

GROUP = "concordat.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

MICROSERVICE = "Microservice"
MICROSERVICES = "microservices"
SERVICE_CONTRACT = "ServiceContract"
SERVICE_CONTRACTS = "servicecontracts"

RUNBOOKS = "https://concordat.dev/runbooks"
"""Where the pages of alerts are, unless an installation sets another place: ``<runbooks>/<alert>``."""

# --- who writes -------------------------------------------------------------------------------------------------------

FIELD_MANAGER = "concordat"
"""Owner of every field we state on a child (``metadata.managedFields[].manager``)."""

BEFORE_FIRST_APPLY = "before-first-apply"
"""The manager the API server invents when an object without ``managedFields`` is applied for the first time."""

MANAGED_BY = "concordat"
"""Value of ``app.kubernetes.io/managed-by`` on every child; child watches select on it on the server."""

# --- labels and annotations on children -------------------------------------------------------------------------------

LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_NAME = "app.kubernetes.io/name"
LABEL_VERSION = "app.kubernetes.io/version"
LABEL_SERVICE = f"{GROUP}/service"
"""The only label in selectors: they are immutable, and a user's label never gets into them."""
LABEL_TEAM = f"{GROUP}/team"
LABEL_TIER = f"{GROUP}/tier"

ANNOTATION_HASH = f"{GROUP}/hash"
"""Digest of the manifest as we last wrote it; equal digests mean there is nothing to write."""
ANNOTATION_CONSUMES = f"{GROUP}/consumes"
"""On a Deployment: what its pods use of contracts, as JSON; during a rollout the former pods still use what stood there."""
ENV_AUTH_REQUIREMENTS = "AUTH_REQUIREMENTS"
"""In the pods of a service whose contracts demand tokens: which, of whom and for what, as JSON."""
LABEL_CONTRACT = f"{GROUP}/contract"
"""On what belongs to a contract: accepted versions, and what is built from it."""
LABEL_TRIES = f"{GROUP}/tries"
"""On a pod that tries a running service against a contract of its namespace: the contract's name, as a label can hold it."""

DOCUMENT_KEY = "document.json.gz"
"""In the ConfigMap of an accepted version: the document in normal form, compressed."""

# --- annotations a person may set -------------------------------------------------------------------------------------

ANNOTATION_PAUSED = f"{GROUP}/paused"
"""``"true"`` on a Microservice or on one child: hands off, visibly."""
ANNOTATION_ADOPT = f"{GROUP}/adopt"
"""``"true"`` on an object of the same name that is not ours: take it over instead of reporting a conflict."""
ANNOTATION_BREAK_GLASS = f"{GROUP}/break-glass"
"""
Why a break is let through, in words: what the gate found is still reported, and no longer enforced.

Recorded as an Event and in a metric; take it away again once the change is made.
"""

# --- conditions and their reasons (they are API: people alert on them) --------------------------------------------------

READY = "Ready"
RECONCILED = "Reconciled"
AVAILABLE = "Available"
CONTRACTS_SATISFIED = "ContractsSatisfied"
VALID = "Valid"
COMPATIBLE = "Compatible"
CONSUMERS_SAFE = "ConsumersSafe"
CONFORMANT = "Conformant"
OBSERVED = "Observed"

REASON_READY = "Ready"
REASON_RECONCILED = "Reconciled"
REASON_PROGRESSING = "Progressing"
REASON_PAUSED = "Paused"
REASON_CONFLICT = "Conflict"
REASON_INVALID = "Invalid"
REASON_REJECTED = "Rejected"
"""The API server refused a child (quota, Pod Security, validation); the message names the child and the rule."""
REASON_FORBIDDEN = "Forbidden"
REASON_UNAVAILABLE = "Unavailable"
REASON_MINIMUM_REPLICAS = "MinimumReplicasAvailable"
REASON_ROLLOUT_STUCK = "ProgressDeadlineExceeded"
REASON_DELIVERED = "Delivered"
REASON_NOT_DELIVERED = "NotDelivered"

# Reasons of policies: each names what it found.
REASON_PROVIDER_MISSING = "ProviderMissing"
REASON_CONSENT_MISSING = "ConsentMissing"
REASON_HOST_TAKEN = "HostTaken"
REASON_PORT_UNKNOWN = "PortUnknown"
REASON_INTERNAL_ERROR = "InternalError"
REASON_API_NOT_INSTALLED = "ApiNotInstalled"
REASON_VARIABLE_AMBIGUOUS = "VariableAmbiguous"
REASON_EGRESS_FORBIDDEN = "EgressForbidden"
REASON_PROMISE_TOO_HIGH = "PromiseTooHigh"
REASON_TIMEOUT_TOO_SHORT = "TimeoutTooShort"
REASON_RETRIES_MULTIPLY = "RetriesMultiply"
REASON_OBJECTIVE_UNMEASURABLE = "ObjectiveUnmeasurable"

# Reasons of contracts.
REASON_ACCEPTED = "Accepted"
REASON_DRAFT = "Draft"
REASON_FIRST_VERSION = "FirstVersion"
REASON_NO_CONSUMERS = "NoConsumers"
REASON_BREAK_GLASS = "BreakGlass"
REASON_INVALID_DOCUMENT = "InvalidDocument"
REASON_INVALID_AUTH = "InvalidAuth"
REASON_DOCUMENT_TOO_COSTLY = "DocumentTooCostly"
"""Assessing it takes more time, memory or room for the answer than one document may have; the message says which."""
REASON_ASSESSMENT_FAILED = "AssessmentFailed"
"""The process that assesses documents ended, for no reason the document gives."""
REASON_VERSION_LOST = "AcceptedVersionLost"
"""An accepted version that has to be compared with is kept nowhere any more."""
REASON_DOCUMENT_MISSING = "DocumentMissing"
REASON_VERSION_MISMATCH = "VersionMismatch"
REASON_VERSION_REPUBLISHED = "VersionRepublished"
REASON_VERSION_WENT_BACK = "VersionWentBack"
REASON_BREAKING_CHANGE = "BreakingChange"
REASON_CONSUMERS_BREAK = "ConsumersBreak"
REASON_CONSUMERS_SHUT_OUT = "ConsumersShutOut"
"""By tokens they do not ask for; the version itself may well be in force."""
REASON_IN_USE = "InUse"
REASON_SUNSET_EARLIER = "SunsetEarlier"
REASON_CONFORMS = "Conforms"
REASON_BREACH_FOUND = "BreachFound"
REASON_TRIAL_FAILED = "TrialFailed"

# Reasons of those who provide and consume them.
REASON_CONTRACTS_SATISFIED = "ContractsSatisfied"
REASON_NO_CONTRACTS = "NoContracts"
REASON_CONTRACT_REFUSED = "ContractRefused"
REASON_CONTRACT_RETIRED = "ContractRetired"
REASON_CONTRACT_DEPRECATED = "ContractDeprecated"
REASON_CONTRACT_NOT_IN_FORCE = "ContractNotInForce"
REASON_VERSION_UNSATISFIED = "VersionUnsatisfied"
REASON_OPERATION_UNKNOWN = "OperationUnknown"
REASON_CONTRACT_IN_USE = "ContractInUse"
REASON_TOKEN_MISSING = "TokenMissing"
REASON_SCOPE_MISSING = "ScopeMissing"
REASON_TOKEN_WANTED = "TokenWanted"
REASON_TOKENS_MIXED = "TokensMixed"
