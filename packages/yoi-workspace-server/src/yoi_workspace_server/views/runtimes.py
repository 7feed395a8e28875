"""View of Runtimes: never where or how they are dialled (K-02, K-07)."""

from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_wire.backend.runtimes import AnnouncementView, ConnectionView, RuntimeConnection, RuntimeView
from yoi_workspace_server.runtimes import RegisteredRuntime
from yoi_workspace_server.views.problems import build_problem_view
from yoi_workspace_server.views.texts import show_digest, show_labels, show_text, show_texts


def build_runtime_view(runtime: RegisteredRuntime, *, secret_names: bool) -> RuntimeView:
    problem = runtime.problem
    return RuntimeView(
        name=runtime.name,
        kind=runtime.kind,
        id=runtime.audience,
        labels=runtime.labels,
        reachability=runtime.reachability,
        last_seen_at=runtime.last_seen_at,
        added_at=runtime.added_at,
        announcement=None if runtime.info is None else _build_announcement(runtime.info),
        problem=None if problem is None else build_problem_view(problem, secret_names=secret_names),
    )


def build_connection_view(runtime: RegisteredRuntime) -> ConnectionView:
    connection = runtime.connection or RuntimeConnection(url="")
    return ConnectionView(
        name=runtime.name,
        kind=runtime.kind,
        url=connection.url,
        authority=connection.authority,
        fingerprint=connection.fingerprint,
        socket=connection.socket,
    )


def _build_announcement(info: RuntimeInfo) -> AnnouncementView:
    return AnnouncementView(
        version=show_text(info.version),
        api_versions=info.api_versions[:100],
        schema_versions=info.schema_versions[:100],
        features=show_texts(info.features),
        limits={show_text(name): value for name, value in sorted(info.limits.items())[:100]},
        resolver_version=show_text(info.resolver_version),
        builtin_digest=show_digest(info.builtin.digest),
        builtin_profiles=show_texts(info.builtin.profiles),
        labels=show_labels(info.labels),
    )
