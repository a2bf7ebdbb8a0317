"""Policies: what stands in the place of an identifier, one policy a file."""

from tasks.phi.policies.placeholder import Placeholder
from tasks.phi.policies.policy import Found, Policy

__all__ = ["Found", "Placeholder", "Policy"]
