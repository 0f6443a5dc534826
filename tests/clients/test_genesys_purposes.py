"""The Genesys Cloud contract: every page of the list read correctly, one purpose found again, one changed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.clients.genesys_purposes import (
    READ_ADVICE,
    WRITE_ADVICE,
    Found,
    GenesysPurposes,
    Reading,
    put_call,
)
from core.clients.http import Answer, VendorHttp
from core.clients.outcomes import Decision
from core.settings import ConnectionSettings
from tests.clocks import ManualClock
from tests.loopback import LoopbackServer, Step, answer
from tests.purpose_vendor import PATH, PurposeVendor, purpose

VALUES = {"description": "As agreed", "retention_days": 30, "legal_basis": "consent", "is_active": True}


def connection(url: str, **changes: Any) -> ConnectionSettings:
    values = {"contract": "genesys-purposes", "base_url": url, "timeout_seconds": 2.0, **changes}
    return ConnectionSettings.model_validate(values)


def client(settings: ConnectionSettings, http: VendorHttp) -> GenesysPurposes:
    return GenesysPurposes(
        settings, lambda call: http.call(call, advice=READ_ADVICE), lambda call: http.call(call, advice=WRITE_ADVICE)
    )


def read(vendor: PurposeVendor, expected: tuple[str, ...] = (), **changes: Any) -> Reading:
    settings = connection(vendor.url, **changes)
    with VendorHttp(settings, None, ManualClock()) as http:
        return client(settings, http).read_all(expected)


def find(vendor: PurposeVendor, purpose_id: str, near_page: int = 1, **changes: Any) -> Found:
    settings = connection(vendor.url, **changes)
    with VendorHttp(settings, None, ManualClock()) as http:
        return client(settings, http).find(purpose_id, near_page)


def put(step: Step, purpose_id: str = "p-0001", **changes: Any) -> tuple[Answer, dict[str, Any]]:
    with LoopbackServer({f"{PATH}/{purpose_id}": [step]}) as server:
        settings = connection(server.url, **changes)
        with VendorHttp(settings, None, ManualClock()) as http:
            result = client(settings, http).put(purpose_id, "Purpose 0001", VALUES)
        return result, server.received[0].json


def ids(reading: Reading) -> list[str]:
    return [found.id for found in reading.purposes]


def sixty() -> list[dict[str, Any]]:
    return [purpose(number) for number in range(60)]


EVERY_ID = [f"p-{number:04d}" for number in range(60)]


def test_every_page_is_read_once_and_each_purpose_knows_its_page() -> None:
    with PurposeVendor(sixty()) as vendor:
        reading = read(vendor)
    assert ids(reading) == EVERY_ID
    assert vendor.lists == 3
    assert [reading.purposes[n].page for n in (0, 24, 25, 59)] == [1, 1, 2, 3]
    assert (reading.answer.ok, reading.warnings) == (True, ())


def test_an_empty_list_is_a_list() -> None:
    with PurposeVendor([]) as vendor:
        reading = read(vendor)
    assert (reading.answer.ok, reading.purposes, vendor.lists) == (True, (), 1)


def test_page_size_and_parameter_names_are_the_connections() -> None:
    with PurposeVendor(sixty(), size="page_size", number="page_number") as vendor:
        reading = read(vendor, page_size_parameter="page_size", page_number_parameter="page_number", page_size=40)
    assert (ids(reading), vendor.lists) == (EVERY_ID, 2)


@pytest.mark.parametrize("said", [{"pageCount": 0}, {"pageCount": None}, {"pageCount": "3"}, {"pageCount": 10**9}])
def test_a_page_count_that_cannot_be_believed_loses_nothing(said: dict[str, Any]) -> None:
    with PurposeVendor(sixty()) as vendor:
        vendor.on_page = lambda call, body: {**body, **said}
        reading = read(vendor)
    assert ids(reading) == EVERY_ID


def test_without_any_count_the_list_ends_where_a_page_is_empty() -> None:
    with PurposeVendor(sixty()) as vendor:
        vendor.on_page = lambda call, body: {"entities": body["entities"]}
        reading = read(vendor)
    assert (ids(reading), vendor.lists) == (EVERY_ID, 4)


def test_a_vendor_without_counts_may_repeat_its_last_page_for_ever() -> None:
    def last_page_again(call: int, body: dict[str, Any]) -> dict[str, Any]:
        return {"entities": body["entities"] or sixty()[50:], "pageCount": 0, "total": 0}

    with PurposeVendor(sixty()) as vendor:
        vendor.on_page = last_page_again
        reading = read(vendor)
    assert ids(reading) == EVERY_ID


def test_a_page_that_repeats_once_is_asked_for_again() -> None:
    with PurposeVendor(sixty()) as vendor:
        vendor.on_page = lambda call, body: {**body, "entities": sixty()[:25]} if call == 2 else body
        reading = read(vendor)
    assert (ids(reading), vendor.lists) == (EVERY_ID, 4)


def test_a_list_that_never_gets_past_its_first_page_is_no_list() -> None:
    with PurposeVendor(sixty()) as vendor:
        vendor.on_page = lambda call, body: {**body, "entities": sixty()[:25]}
        reading = read(vendor)
    assert reading.purposes == ()
    assert reading.answer.error
    assert (reading.answer.error.code, reading.answer.verdict.decision) == ("unstable_list", Decision.RETRY)
    assert vendor.lists < 20


def change_once(vendor: PurposeVendor, before_call: int, change: Callable[[list[dict[str, Any]]], None]) -> None:
    def on_list(call: int) -> None:
        if call == before_call:
            change(vendor.purposes)

    vendor.on_list = on_list


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda there: there.append(there.pop(3)), id="an item moves to the last page"),
        pytest.param(lambda there: there.insert(0, there.pop(59)), id="an item moves to the first page"),
        pytest.param(lambda there: there.insert(0, there.pop(30)), id="an item moves from the second to the first"),
        pytest.param(lambda there: there.sort(key=lambda p: p["id"], reverse=True), id="the order is turned round"),
        pytest.param(lambda there: there.pop(3), id="an item goes"),
        pytest.param(lambda there: there.append(purpose(60)), id="an item comes at the end"),
        pytest.param(lambda there: there.insert(0, purpose(60)), id="an item comes at the beginning"),
        pytest.param(lambda there: [there.insert(0, purpose(n)) for n in range(60, 90)], id="a page and more comes"),
    ],
)
@pytest.mark.parametrize("before_call", [2, 3])
def test_what_changes_while_the_list_is_read_is_neither_lost_nor_doubled(
    before_call: int, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    with PurposeVendor(sixty()) as vendor:
        change_once(vendor, before_call, change)
        reading = read(vendor)
        there = [p["id"] for p in vendor.purposes]
    assert sorted(ids(reading)) == sorted(there)
    assert len(set(ids(reading))) == len(ids(reading))


def test_one_that_goes_while_another_comes_hides_nothing_that_is_expected() -> None:
    # The total stays the same and nothing appears twice, and yet Purpose 0025 slipped onto the page read before.
    def swap(there: list[dict[str, Any]]) -> None:
        there.pop(3)
        there.append(purpose(60))

    with PurposeVendor(sixty()) as vendor:
        change_once(vendor, 2, swap)
        reading = read(vendor, expected=("Purpose 0025",))
    assert "p-0025" in ids(reading)
    assert "p-0003" not in ids(reading)


def test_a_name_is_missing_only_after_a_second_look() -> None:
    with PurposeVendor(sixty()) as vendor:
        reading = read(vendor, expected=("Purpose 9999",))
    assert (ids(reading), vendor.lists) == (EVERY_ID, 6)


def test_a_total_that_is_plainly_wrong_is_believed_less_than_two_like_readings_and_told() -> None:
    with PurposeVendor(sixty()) as vendor:
        vendor.on_page = lambda call, body: {**body, "total": 61}
        reading = read(vendor)
    assert ids(reading) == EVERY_ID
    assert reading.warnings == ("The vendor speaks of 61 purposes and lists 60, twice over.",)


@pytest.mark.parametrize(
    "strange",
    [
        {"id": "../../token"},
        {"id": None},
        {"name": None},
        {"name": ""},
        {"description": 5},
        {"isActive": "yes"},
    ],
)
def test_an_entry_that_cannot_be_used_is_left_out_and_told(strange: dict[str, Any]) -> None:
    with PurposeVendor([purpose(1), purpose(2, **strange)]) as vendor:
        reading = read(vendor)
    assert ids(reading) == ["p-0001"]
    assert reading.warnings == ("1 entries of the vendor's list have no usable id, name or value; left out.",)


@pytest.mark.parametrize("text", ["180d", "P180D"])
def test_both_forms_of_a_period_are_read(text: str) -> None:
    with PurposeVendor([purpose(1, retentionPeriod=text)]) as vendor:
        (found,) = read(vendor).purposes
    assert (found.retention_days, found.retention) == (180, text)


@pytest.mark.parametrize(("text", "shown"), [("P6M", "P6M"), (180, "180"), (None, ""), ("forever", "forever")])
def test_a_period_that_cannot_be_read_is_kept_as_it_is(text: Any, shown: str) -> None:
    with PurposeVendor([purpose(1, retentionPeriod=text)]) as vendor:
        (found,) = read(vendor).purposes
    assert (found.retention_days, found.retention, found.values()["retention_days"]) == (None, shown, shown)


def test_a_legal_basis_comes_in_any_case_and_an_unknown_one_stays_as_it_is() -> None:
    with PurposeVendor([purpose(1, legalBasis="CONSENT"), purpose(2, legalBasis="Because")]) as vendor:
        found = read(vendor).purposes
    assert [p.legal_basis for p in found] == ["consent", "Because"]


def test_a_description_is_compared_as_it_is_and_none_is_empty() -> None:
    with PurposeVendor([purpose(1, description=" a\r\n\tb "), purpose(2, description=None)]) as vendor:
        found = read(vendor).purposes
    assert [p.description for p in found] == [" a\r\n\tb ", ""]


@pytest.mark.parametrize("body", [[], {"entities": None}, {"items": []}, {"entities": {"id": 1}}])
def test_an_answer_without_a_list_breaks_the_contract(body: Any) -> None:
    with LoopbackServer({PATH: [answer(200, body)]}) as server:
        settings = connection(server.url)
        with VendorHttp(settings, None, ManualClock()) as http:
            reading = client(settings, http).read_all()
    assert reading.answer.error
    assert (reading.answer.error.code, reading.purposes) == ("contract_violation", ())


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (400, "rejected", "PAGE_SIZE"),
        (401, "authentication_failed", "CLIENT_SECRET"),
        (403, "not_authorised", "privacy:purpose:read"),
        (404, "not_found", "BASE_URL"),
        (429, "rate_limited", "tries again"),
        (500, "vendor_unavailable", "tries again"),
    ],
)
def test_each_refusal_of_the_list_has_its_own_advice(status: int, code: str, advice: str) -> None:
    with PurposeVendor(sixty()) as vendor:
        vendor.on_list = lambda call: status if call == 2 else None
        reading = read(vendor)
    assert reading.answer.error
    assert (reading.answer.error.code, reading.purposes) == (code, ())
    assert advice in reading.answer.error.advice


def test_a_purpose_is_found_again_on_its_page_or_wherever_it_went() -> None:
    with PurposeVendor(sixty()) as vendor:
        there = find(vendor, "p-0030", near_page=2).purpose
        assert there
        assert there.id == "p-0030"
        assert vendor.lists == 1
        moved = find(vendor, "p-0030", near_page=1).purpose
        assert moved
        assert (moved.id, moved.page) == ("p-0030", 2)


def test_a_purpose_that_is_gone_is_none_and_no_error() -> None:
    with PurposeVendor(sixty()) as vendor:
        gone = find(vendor, "p-0099", near_page=3)
    assert (gone.answer.ok, gone.purpose) == (True, None)


@pytest.mark.parametrize(("form", "text"), [("180d", "30d"), ("P180D", "P30D")])
def test_a_put_carries_the_contracts_fields_and_the_connections_form_of_a_period(form: str, text: str) -> None:
    result, sent = put(answer(200, {"id": "p-0001"}), duration_format=form)
    assert result.ok
    assert sent == {
        "name": "Purpose 0001",
        "description": "As agreed",
        "retentionPeriod": text,
        "legalBasis": "consent",
        "isActive": True,
    }


def test_the_preview_shows_the_call_that_is_made() -> None:
    with LoopbackServer([answer(200, {})]) as server:
        settings = connection(server.url)
        call = put_call(settings, "p-0001", "Purpose 0001", VALUES)
        with VendorHttp(settings, None, ManualClock()) as http:
            client(settings, http).put("p-0001", "Purpose 0001", VALUES)
    (made,) = server.received
    assert (made.method, f"{server.url}{made.target}", made.json) == (call.method, call.full_url, call.json)


@pytest.mark.parametrize("body", ["", "<html>saved</html>", json.dumps({"id": "another"})])
def test_any_2xx_is_an_acceptance_whatever_its_body(body: str) -> None:
    result, _ = put(answer(200, body=body, headers={"Content-Type": "text/html"}))
    assert result.ok


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "correct the declaration"),
        (401, "CLIENT_SECRET"),
        (403, "privacy:purpose:write"),
        (404, "deleted at the vendor"),
        (429, "tries again"),
    ],
)
def test_each_refusal_of_a_change_has_its_own_advice(status: int, advice: str) -> None:
    result, _ = put(answer(status, {"message": "no"}))
    assert result.error
    assert advice in result.error.advice


@pytest.mark.parametrize("unusable", ["", "..", "a/b", "a?b", "x" * 129])
def test_an_id_that_would_change_the_address_is_never_sent(unusable: str) -> None:
    with pytest.raises(ValueError, match="cannot be used in an address"):
        put_call(connection("http://127.0.0.1:9"), unusable, "Purpose 0001", VALUES)
