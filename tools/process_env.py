"""What the three processes find in their environment: caller's variables, then .env, then secrets, then defaults."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping

from tools.places import Places
from tools.ports import PORTS, chosen

# Name and length in bytes of what is made once for a checkout. DEMO_PASSWORD is typed by people, so it is short;
# sign-in tries are limited.
GENERATED = {"SECRET_KEY": 32, "INTERNAL_TOKEN": 32, "RASA_TOKEN": 32, "DEMO_PASSWORD": 9}

# No calls home; and the start-up remarks of TensorFlow and of Rasa's old packages help nobody here.
QUIET_RASA = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "PYTHONWARNINGS": "ignore::DeprecationWarning",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}
# One thread for NumPy: on a model as small as ours its others only spin, and take twice the time (docs/performance.md).
SERVING = {"OPENBLAS_NUM_THREADS": "1"}


def read_env_file(text: str) -> dict[str, str]:
    """NAME=value lines; blank lines and # comments are passed over, quotes around a value are taken off."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            value = value.strip()
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            found[name.strip()] = value
    return found


def make_secrets(places: Places) -> dict[str, str]:
    """The checkout's secrets; what is missing is generated, once, into a file that only its owner can read."""
    path = places.secrets
    path.parent.mkdir(parents=True, exist_ok=True)
    known = read_env_file(path.read_text(encoding="utf-8")) if path.is_file() else {}
    missing = {name: secrets.token_urlsafe(size) for name, size in GENERATED.items() if not known.get(name)}
    if missing:
        known |= missing
        # Made with its final mode: there is no moment in which others could read it.
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in known.items())
        draft.replace(path)
    return known


def settings_of(places: Places, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What somebody set for this checkout: .env, and over it the caller's own variables."""
    written = places.root / ".env"
    told = read_env_file(written.read_text(encoding="utf-8")) if written.is_file() else {}
    return {**told, **environ}


def write_endpoints(places: Places, actions_url: str) -> None:
    """Rasa's endpoints.yml with this run's action server in it: Rasa has no default values for its ${...}."""
    usual = (places.root / "endpoints.yml").read_text(encoding="utf-8")
    written = re.sub(r"(?m)^(action_endpoint:\s*\n(?:\s+#.*\n)*\s+url:\s*).*$", rf"\g<1>{actions_url}/webhook", usual)
    places.endpoints.parent.mkdir(parents=True, exist_ok=True)
    places.endpoints.write_text(written, encoding="utf-8")


def process_env(places: Places, settings: Mapping[str, str], model: str) -> dict[str, str]:
    """The whole environment of service, actions and rasa. `model` is the path of the trained Rasa model."""
    numbers = {port.variable: str(chosen(port, settings)) for port in PORTS}
    defaults = {
        "DEMO": "true",
        "SERVICE_URL": f"http://127.0.0.1:{numbers['PORT']}",
        "RASA_URL": f"http://127.0.0.1:{numbers['RASA_PORT']}",
        "ACTIONS_URL": f"http://127.0.0.1:{numbers['ACTIONS_PORT']}",
        "RASA_MODEL": model,
        "RASA_ENDPOINTS": str(places.endpoints.relative_to(places.root)),
        **QUIET_RASA,
        **SERVING,
        "PYTHONUNBUFFERED": "1",
    }
    given = {name: value for name, value in settings.items() if value}
    return {**defaults, **make_secrets(places), **given, **numbers}
