"""Names in the environment that look like a setting and are none: a typo must not quietly mean the usual value."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# Settings of the other processes, of `make up` and of the containers (docs/settings.md), so no typos of ours.
OTHERS = frozenset(
    (
        *("OPENAI_MODEL", "KNOWLEDGE_DIR", "BRAND_FILE", "CACHE_DIR", "SHOP_DB"),
        *("RASA_PORT", "ACTIONS_PORT", "RASA_MODEL", "RASA_ENDPOINTS", "READY_SECONDS", "LOGS"),
        *("POSTGRES_PASSWORD", "RECORD_DB_PASSWORD", "TRACKER_DB_PASSWORD", "REDIS_PASSWORD"),
        *("COMPOSE_PROFILES", "BIND", "SWITCHBOARD_VERSION"),
        *("SERVICE_REPLICAS", "ACTIONS_REPLICAS", "RASA_REPLICAS", "REPLICAS"),
        *(
            f"{part}_{limit}"
            for part in ("SERVICE", "ACTIONS", "RASA", "POSTGRES", "REDIS", "NGINX")
            for limit in ("MEMORY", "CPUS")
        ),
        *("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"),
    )
)
_PREFIX = "SWITCHBOARD_"
_LEAST_LETTERS = 8  # shorter names of other programs are too near each other
_NEAR = 0.9  # one letter wrong, missing or too many in a name of nine or more


def typos(given: Iterable[str], ours: Iterable[str]) -> list[str]:
    """A sentence for each of the names ``given`` that is meant for one of ``ours`` and is not it."""
    known = {*ours}
    found = []
    for name in sorted({*given} - known - OTHERS):
        bare = name.removeprefix(_PREFIX)
        if bare != name and bare in known | OTHERS:
            found.append(f"{name}: settings have no prefix here; write {bare}.")
        elif len(name) >= _LEAST_LETTERS and name.isupper():
            for meant in get_close_matches(name, known, n=1, cutoff=_NEAR):
                found.append(f"{name}: there is no such setting; {meant} is meant, or rename it.")
    return found
