"""Payload in, findings out: the field, the rule it breaks, what is wrong in plain words, and what would fix it."""

from core.validation.policy import policy
from core.validation.privacy_requests import check_privacy_request
from core.validation.purposes import check_purpose

__all__ = ["POLICY_VERSION", "check_privacy_request", "check_purpose", "policy"]

# What a request pins, so that a later reader knows which house rules it passed.
POLICY_VERSION = policy().version
