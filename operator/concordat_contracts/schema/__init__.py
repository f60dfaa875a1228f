"""
Compares two JSON Schemas by the sets of instances they admit, in a direction, and names the difference.

    document, dialect, node    what a schema says, in one vocabulary for every dialect
    search                     is there an instance inside these schemas and outside those? yes with one, no with a proof, or unknown
    compare                    the difference in the words of oasdiff's rules, each break with a confirmed witness

No I/O, no clock, no randomness, no recursion that a schema can drive beyond its budget. What cannot be decided is unknown,
never compatible.

Instances are taken as a validator takes them, with three conventions for APIs (every surface but ``DOCUMENT``): a sender sends
only properties its schema declares, ``oneOf`` is a choice among shapes and not a test that the others fail, and ``readOnly``
properties do not count in requests nor ``writeOnly`` ones in responses. ``format`` is asserted wherever it is known.
"""

from concordat_contracts.schema.compare import Memo, compare_json_schemas, compare_schemas, documents_of
from concordat_contracts.schema.model.dialect import Dialect, Direction
from concordat_contracts.schema.model.document import SchemaDocument, UnresolvableReference
from concordat_contracts.schema.naming.where import Surface, Where

__all__ = [
    "Dialect",
    "Direction",
    "Memo",
    "SchemaDocument",
    "Surface",
    "UnresolvableReference",
    "Where",
    "compare_json_schemas",
    "compare_schemas",
    "documents_of",
]
