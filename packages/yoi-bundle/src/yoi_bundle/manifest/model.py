"""Models: which LLM, by reference; the credential is a secret ref."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.identifiers import ArgumentName, ModelName, ProviderName, SafeUrl
from yoi_bundle.manifest.item import Item
from yoi_bundle.manifest.values import SecretRef

ParameterValue: TypeAlias = (
    bool
    | Annotated[int, Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
    | Annotated[str, Meta(max_length=256)]
)
"""A decimal number is a string, `"0.2"`, because a manifest holds no floats (B-01)."""


class BundleModel(
    Item,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="model",
):
    """A model named by provider and name.

    Attributes:
        endpoint: Where the provider is reached; absent for the host's own choice of endpoint.
    """

    provider: ProviderName
    model: ModelName
    parameters: dict[ArgumentName, ParameterValue] = {}
    credential: SecretRef | None = None
    endpoint: SafeUrl | None = None


class HostModel(
    Item,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="host",
):
    """A model that the host provides under this alias, such as `sonnet` (B-10, `source: host`)."""

    alias: ModelName


Model: TypeAlias = BundleModel | HostModel
