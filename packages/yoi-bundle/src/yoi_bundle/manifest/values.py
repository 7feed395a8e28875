"""Values of credential-capable fields: a reference, or a literal that is harmless by grammar (B-07, B-08)."""

from typing import Literal, TypeAlias

from msgspec import Struct

from yoi_bundle.identifiers import ParameterName, ResourcePath, SecretName


class SecretRef(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="secret",
):
    """The name of a credential that a Runtime host's own secret store holds.

    Attributes:
        name: Which credential; host policy decides whether this consumer gets it.
        prefix: Text that the consumer puts before the value, such as in an `Authorization` header.
    """

    name: SecretName
    prefix: Literal["", "Bearer ", "Basic ", "Token ", "token "] = ""


class LiteralValue(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="literal",
):
    """Plain text; `boundary.fields` says which texts are harmless enough."""

    value: str


class PluginPath(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="plugin_path",
):
    """A place below `${PLUGIN_ROOT}` or `${PLUGIN_DATA}`; the host knows where those are.

    Attributes:
        path: Below the base; empty for the base itself.
    """

    base: Literal["root", "data"]
    path: ResourcePath | Literal[""] = ""


class HostParameter(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="parameter",
):
    """The name of a non-secret value that host policy gives, such as a region or a path."""

    name: ParameterName


Value: TypeAlias = SecretRef | LiteralValue | PluginPath | HostParameter
