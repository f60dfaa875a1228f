"""Kubernetes objects as values: what one is made of, the names we put on it, and the difference between two."""

from concordat.manifest.objects import (
    LONGEST_LABEL,
    ChildKey,
    Kind,
    Manifest,
    Object,
    PlannedChild,
    as_yaml,
    canonical,
    digest,
    label_value,
    object_name,
    suffixed,
)

__all__ = [
    "LONGEST_LABEL",
    "ChildKey",
    "Kind",
    "Manifest",
    "Object",
    "PlannedChild",
    "as_yaml",
    "canonical",
    "digest",
    "label_value",
    "object_name",
    "suffixed",
]
