"""Policies: what stands in the place of an identifier, one policy a file."""

import datetime
from collections.abc import Mapping
from types import MappingProxyType

from tasks.errors import ConfigError
from tasks.phi.policies.placeholder import Placeholder
from tasks.phi.policies.policy import Found, Policy
from tasks.phi.policies.safe_harbor import SafeHarbor
from tasks.phi.policies.surrogate import Surrogate

__all__ = ["VERSIONS", "Found", "Placeholder", "Policy", "SafeHarbor", "Surrogate", "policy_named"]

VERSIONS: Mapping[str, str] = MappingProxyType(
    {"placeholder": Placeholder.version, "safe_harbor": SafeHarbor.version, "surrogate": Surrogate.version}
)
"""The policies by name; a surrogate's own version also has the fingerprint of its key."""


def policy_named(name: str, *, key: bytes = b"", present_year: int | None = None) -> Policy:
    """Return a policy; only surrogates need the key, at least 16 secret bytes; the year is today's if none is given.

    Raises:
        ConfigError: there is no such policy, or the key is too short.
    """
    year = present_year or datetime.date.today().year
    match name:
        case "placeholder":
            return Placeholder()
        case "safe_harbor":
            return SafeHarbor(year)
        case "surrogate":
            return Surrogate(key, year)
    raise ConfigError(f"There is no redaction policy {name!r}.", fix=f"choose one of {', '.join(VERSIONS)}")
