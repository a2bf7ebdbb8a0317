"""Prefect without a server of one's own.

Unless `PREFECT_API_URL` names a server, flows run against a temporary one on a free port whose state lies under
`.rounds/prefect`, so that a user's own Prefect home, profiles and database are never touched.
"""

import os

from infra.settings import Settings, get_settings

EMBEDDED = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # the first start migrates its SQLite: up to 25 s
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # the command line shows the steps, and explains what went wrong, itself
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # stopped at a flow's end, it complains of what it had not stored yet
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "DO_NOT_TRACK": "1",
}


def use_embedded_prefect(settings: Settings | None = None) -> None:
    """Point Prefect, before it is imported, at a home of its own; a server named by `PREFECT_API_URL` is left alone."""
    if os.environ.get("PREFECT_API_URL"):
        return
    home = (settings or get_settings()).data_dir.expanduser().absolute() / "prefect"
    os.environ["PREFECT_HOME"] = str(home)
    for name, value in EMBEDDED.items():
        os.environ.setdefault(name, value)
