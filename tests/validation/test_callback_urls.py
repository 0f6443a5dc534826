"""The callback URL: https to a public host, or refused."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from core.model.findings import Finding
from core.validation import check_privacy_request
from core.validation.schemas import schema_of, validator_of

VALID: dict[str, Any] = {
    "subjectId": "USR-8847291",
    "type": "ERASURE",
    "categories": ["CONTACT", "EMAIL"],
    "scope": "CONTACT",
}


def check(url: str) -> list[Finding]:
    return check_privacy_request({**VALID, "callbackUrl": url})


REFUSED_URLS = [
    "http://169.254.169.254/latest/meta-data/",
    *("http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://0/"),
    *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0/"),
    *("https://169.254.169.254/", "https://10.0.0.1/", "https://127.0.0.1:8501/", "https://0x7f.0.0.0x1/"),
    *("http://[::1]/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/"),
    *("https://[2002:7f00:1::]/", "https://[fe80::1%25eth0]/", "https://[::1", "https://[v1.a]/"),
    *("https://user:pw@10.0.0.1/", "https://ok.example@127.0.0.1/", "https://user@desk.example.com/"),
    *("https://ok.example\\@127.0.0.1/", "https://ok.example\\\\@127.0.0.1/", "https://desk.example.com\\"),
    *("https://①②⑦.⓪.⓪.①/", "https://localhost./", "https://localhost/", "https://a.localhost/"),
    *("https://metadata.google.internal/", "https://printer.local/", "https://intranet/", "https://127.0.0.1./"),
    *("https://1.0.0.127.in-addr.arpa/", "https://desk..example.com/", "https://-desk.example.com/"),
    *("http://desk.example.com/", "ftp://desk.example.com/", "//desk.example.com/", "desk.example.com", "https://", ""),
    *(
        "https:desk.example.com",
        "https:///path",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "HTTP://desk.example.com",
    ),
    *("https://desk.example.com/\n", "\nhttps://desk.example.com/", "https://desk.exa\tmple.com/", "https://a b.com/"),
    *("https://desk.example.com:port/", "https://desk.example.com:99999/", "https://desk%2eexample.com/"),
    pytest.param("https://desk.example.com/" + "a" * 2048, id="too long"),
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_callback_url_that_could_lead_inside_is_refused(url: str) -> None:
    (finding,) = check(url)
    assert (finding.field, finding.rule) == ("callbackUrl", "format")
    assert "pw" not in finding.message


@pytest.mark.parametrize(
    "url", ["https://desk.example.com/%zz", "https://desk.example.com/{id}", "https://a.example/<>"]
)
def test_the_format_of_a_uri_is_really_checked(url: str) -> None:
    # Without a FormatChecker and a package that knows URIs these pass.
    schema = schema_of("cxone-requests")
    assert Draft202012Validator(schema).is_valid({**VALID, "callbackUrl": url})
    assert not validator_of("cxone-requests").is_valid({**VALID, "callbackUrl": url})
    assert check(url)[0].rule == "format"


@pytest.mark.parametrize(
    "url", ["https://desk.example.com", "https://d-1.xn--bcher-kva.example:8443/webhooks/cxone?a=1"]
)
def test_an_https_url_of_a_public_host_passes(url: str) -> None:
    assert check(url) == []
