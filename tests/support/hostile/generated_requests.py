"""Requests that schemathesis makes of the OpenAPI document, sent to a real server; what it finds wrong in the answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import schemathesis
from hypothesis import strategies as st
from msgspec import Struct
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

SEED = 7

# As the table has them: what ends a Worker comes after what needs a live one.
_IN_ORDER = {"operation-ordering": "none"}


class KnownValues(Struct, frozen=True, kw_only=True):
    """What is there, so that not every request is for nothing.

    Attributes:
        parameters: `path.digest` and the like → values that are tried half of the time.
        bodies: Media type → bodies of it that are tried beside arbitrary bytes.
    """

    parameters: dict[str, list[str]]
    bodies: dict[str, list[bytes]]


class Findings(Struct, kw_only=True):
    """What came of a run.

    Attributes:
        faults: One line for each kind of fault of an operation.
        statuses: Operation → statuses that were seen.
        requests: How many were sent.
    """

    faults: set[str]
    statuses: dict[str, set[int]]
    requests: int = 0


def send_generated_requests(
    url: str,
    headers: Mapping[str, str],
    known: KnownValues,
    *,
    semantic_refusals: Mapping[str, tuple[int, ...]],
    examples: int,
    excluded: Sequence[str] = (),
) -> Findings:
    """Ask a server whatever its own document says can be asked, and what it says cannot.

    Args:
        url: Where the server listens.
        headers: Who asks.
        known: What is there.
        semantic_refusals: Operation → statuses that a request of the right form may get all the same.
        examples: Random requests for each operation, beside those that cover the schema.
        excluded: Operations that are not asked.
    """
    _register_bodies(known)
    config = SchemathesisConfig.from_dict(_configure(headers, known, semantic_refusals, examples))
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    if excluded:
        schema = schema.exclude(name=list(excluded))
    findings = Findings(faults=set(), statuses={})
    for event in from_schema(schema).execute():
        match event:
            case events.FatalError():
                raise event.exception
            case events.NonFatalError():
                findings.faults.add(f"{event.label}: {event.value}")
            case events.ScenarioFinished():
                _collect(event, findings)
    return findings


def _register_bodies(known: KnownValues) -> None:
    for media_type, bodies in known.bodies.items():
        strategy = st.sampled_from(bodies) | st.binary(max_size=600)
        schemathesis.openapi.media_type(media_type, strategy)


def _configure(
    headers: Mapping[str, str],
    known: KnownValues,
    semantic_refusals: Mapping[str, tuple[int, ...]],
    examples: int,
) -> dict[str, Any]:
    usual = ["2xx", "3xx", 404, 409]
    return {
        "seed": SEED,
        "headers": dict(headers),
        "workers": 1,
        "continue-on-failure": True,
        "generation": {
            "deterministic": True,
            "max-examples": examples,
            "no-shrink": True,
            "database": "none",
        },
        "phases": {
            "examples": _IN_ORDER,
            "coverage": _IN_ORDER,
            "fuzzing": _IN_ORDER,
            "stateful": {"enabled": False},
        },
        "dictionaries": {
            name.replace(".", "-"): {"values": values} for name, values in known.parameters.items()
        },
        "parameters": {
            name: {"dictionary": name.replace(".", "-"), "probability": 0.5} for name in known.parameters
        },
        "checks": {"positive_data_acceptance": {"expected-statuses": usual}},
        "operations": [
            {
                "include-name": name,
                "checks": {"positive_data_acceptance": {"expected-statuses": [*usual, *statuses]}},
            }
            for name, statuses in semantic_refusals.items()
        ],
    }


def _collect(event: events.ScenarioFinished, findings: Findings) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None and case_id in recorder.cases:
            case = recorder.cases[case_id].value
            findings.requests += 1
            findings.statuses.setdefault(case.operation.label, set()).add(interaction.response.status_code)
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                case = recorder.cases[case_id].value
                findings.faults.add(
                    f"{event.label}: {check.name}: {failure.message}\n{case.as_curl_command()}"
                )
