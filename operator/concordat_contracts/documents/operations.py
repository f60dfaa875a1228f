"""The operations of a document, by the names a consumer may use for them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from concordat_contracts.asyncapi.model import Application
from concordat_contracts.openapi.model import Api

if TYPE_CHECKING:
    from concordat_contracts.documents.document import Document


def operations_of(document: "Document") -> Mapping[str, str | None]:
    """``{"GET /pets": "listPets"}``: where it is, and its id if it has one."""
    model = document.model
    if isinstance(model, Api):
        everything = [*model.operations.values(), *model.webhooks.values()]
        return {operation.location: operation.id for operation in everything}
    if isinstance(model, Application):
        return {
            f"{action} {channel.address}": next(iter(sorted(flow.ids)), None)
            for channel in model.channels.values()
            for action, flow in channel.flows.items()
        }
    if document.format == "graphql":
        from concordat_contracts.graphql.users import root_fields  # imported late, as in document.py

        return dict.fromkeys(root_fields(document.root))
    return {}
