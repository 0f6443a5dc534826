"""The simulated Genesys Cloud: sixty purposes in pages, each of which can be replaced."""

from typing import Any

import pytest

from tests.sandbox.vendor import Vendor


def test_sixty_purposes_come_on_three_pages(vendor: Vendor) -> None:
    pages = [vendor.purposes(pageSize=25, pageNumber=number).json() for number in (1, 2, 3, 4)]

    assert [len(page["entities"]) for page in pages] == [25, 25, 10, 0]
    assert {(page["pageCount"], page["total"]) for page in pages} == {(3, 60)}
    assert [page["pageNumber"] for page in pages] == [1, 2, 3, 4]
    found = [purpose for page in pages for purpose in page["entities"]]
    assert len({purpose["id"] for purpose in found}) == len({purpose["name"] for purpose in found}) == 60
    assert {purpose["legalBasis"] for purpose in found} == {
        "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests",
    }  # fmt: skip
    assert {purpose["isActive"] for purpose in found} == {True, False}


def test_the_other_spelling_of_the_page_parameters_is_understood(vendor: Vendor) -> None:
    assert vendor.purposes(page_size=40, page_number=2).json() == vendor.purposes(pageSize=40, pageNumber=2).json()
    assert len(vendor.purposes(page_size=40, page_number=2).json()["entities"]) == 20


@pytest.mark.parametrize("query", [{"pageSize": 0}, {"pageSize": 101}, {"pageNumber": 0}, {"pageNumber": -1}])
def test_a_page_that_cannot_be_is_refused(vendor: Vendor, query: dict[str, int]) -> None:
    assert vendor.purposes(**query).status_code == 400


def test_every_purpose_can_be_put_back_as_it_is(vendor: Vendor) -> None:
    for live in vendor.purposes(pageSize=100).json()["entities"][::7]:
        wanted = {name: live[name] for name in ("name", "description", "retentionPeriod", "legalBasis", "isActive")}

        changed = vendor.put_purpose(live["id"], wanted)

        assert changed.status_code == 200
        assert changed.json() == live | {"modifiedDate": changed.json()["modifiedDate"]}


@pytest.mark.parametrize("retention", ["31d", "P31D"])
def test_a_purpose_is_replaced_and_stays_so(vendor: Vendor, retention: str) -> None:
    live = vendor.purposes().json()["entities"][3]
    wanted = {
        "name": "Chat evidence",
        "description": "Kept while a dispute may arise – übersichtlich",
        "retentionPeriod": retention,
        "legalBasis": "legal_obligation",
        "isActive": False,
    }

    changed = vendor.put_purpose(live["id"], wanted).json()

    assert {name: changed[name] for name in wanted} == wanted
    assert changed["diversionIds"] == live["diversionIds"]
    assert changed["createdDate"] == live["createdDate"]
    assert changed["modifiedDate"] > changed["createdDate"]
    assert vendor.purposes().json()["entities"][3] == changed


def test_a_purpose_that_is_not_there_is_not_created(vendor: Vendor) -> None:
    wanted = {"name": "New purpose", "retentionPeriod": "30d", "legalBasis": "consent"}

    answer = vendor.put_purpose("no-such-purpose", wanted)

    assert (answer.status_code, answer.json()["code"]) == (404, "not.found")
    assert vendor.purposes().json()["total"] == 60


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "lower case"},
        {"name": "Abc"},
        {"name": "Trailing\n"},
        {"name": "A" * 51},
        {"description": 7},
        {"retentionPeriod": "180"},
        {"retentionPeriod": "0d"},
        {"retentionPeriod": "3651d"},
        {"retentionPeriod": "١٢d"},
        {"retentionPeriod": 180},
        {"legalBasis": "because"},
        {"isActive": "yes"},
        {"owner": "nobody"},
    ],
)
def test_a_wrong_field_is_refused_by_name_and_changes_nothing(vendor: Vendor, wrong: dict[str, Any]) -> None:
    before = vendor.purposes().json()["entities"]
    good = {"name": "Chat evidence", "retentionPeriod": "30d", "legalBasis": "consent"}

    answer = vendor.put_purpose(before[0]["id"], good | wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad.request")
    assert next(iter(wrong)) in answer.json()["message"]
    assert vendor.purposes().json()["entities"] == before
