"""Claims of a sign-in provider: which roles they give, and under which name somebody stands in the records."""

from typing import Any

import pytest

from core.model.people import Role
from core.model.sign_in import identity_of, roles_in, subject_of
from tests.sign_ins import ISSUER


@pytest.mark.parametrize(
    ("sent", "path", "mapping", "roles"),
    [
        ({"roles": ["requester", "other"]}, "roles", {}, {Role.REQUESTER}),
        ({"roles": "auditor"}, "roles", {}, {Role.AUDITOR}),
        ({"groups": ["g-1", "g-2"]}, "groups", {"g-2": Role.APPROVER}, {Role.APPROVER}),
        ({"roles": ["administrator"]}, "roles", {"desk-admin": Role.ADMINISTRATOR}, set()),
        ({"realm_access": {"roles": ["approver"]}}, "realm_access.roles", {}, {Role.APPROVER}),
        ({"https://example.com/roles": ["auditor"]}, "https://example.com/roles", {}, {Role.AUDITOR}),
        ({"roles": ["administrator"]}, "", {}, set()),
        ({"realm_access": "administrator"}, "realm_access.roles", {}, set()),
        ({"roles": {"administrator": True}}, "roles", {}, set()),
        ({"roles": [["administrator"], 7, None]}, "roles", {}, set()),
        ({}, "roles", {}, set()),
    ],
)
def test_roles_come_from_a_claim_by_name_by_mapping_or_by_path(
    sent: dict[str, Any], path: str, mapping: dict[str, Role], roles: set[Role]
) -> None:
    assert roles_in(sent, path, mapping) == roles


@pytest.mark.parametrize(
    "subject",
    [
        "110169484474386276334",
        "248289761001",
        "AAAAAIkzqFVrSaSaFHy782bbtaQ",
        "auth0|5f7c8ec7c",
        "0oa1.b_c",
    ],
)
def test_a_provider_s_own_id_stands_in_the_records(subject: str) -> None:
    assert subject_of(subject, ISSUER, b"k" * 32) == subject


@pytest.mark.parametrize(
    "subject",
    ["dana@example.com", "Dana Doe", "4111111111111111", "ä", "a\nb", "staff_0123456789abcdef"],
)
def test_an_address_or_what_could_be_taken_for_something_else_is_known_by_its_keyed_mark(subject: str) -> None:
    kept = subject_of(subject, ISSUER, b"k" * 32)
    assert kept.startswith("staff_")
    assert subject not in kept
    assert kept != subject_of(subject, "https://other.example", b"k" * 32) != subject_of(subject, ISSUER, b"l" * 32)


def test_claims_of_any_shape_are_read_without_a_fault() -> None:
    values: list[Any] = [None, 0, -1, 1e99, True, "x", [], {}, float("nan")]
    for value in values:
        odd = {"sub": "248", "iat": value, "exp": value, "name": value, "email": value, "roles": value}
        identity = identity_of(odd, issuer=ISSUER, roles_claim="roles", roles={}, key=b"k" * 32)
        assert identity.id == f"{ISSUER}|248"
