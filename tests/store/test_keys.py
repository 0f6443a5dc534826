import base64
import json
import stat
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from core.store.keys import Keys, KeysError, _create, decrypt_identifier, encrypt_identifier, load_or_create


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secret" / "desk.keys"


def raw(keys: Keys) -> tuple[bytes, bytes, bytes, bytes]:
    return keys.pseudonym, keys.identifiers, keys.audit, keys.signing.private_bytes_raw()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def message(path: Path) -> str:
    """What a person, or a log, sees of a refusal."""
    with pytest.raises(KeysError) as caught:
        load_or_create(path)
    assert caught.value.__context__ is None
    return "".join(traceback.format_exception(caught.value))


def test_the_first_run_makes_four_different_keys_of_32_bytes(path: Path) -> None:
    made = raw(load_or_create(path))
    assert [len(key) for key in made] == [32] * 4
    assert len(set(made)) == 4


def test_a_later_run_reads_the_same_keys(path: Path) -> None:
    assert raw(load_or_create(path)) == raw(load_or_create(path))


def test_the_file_is_its_owners_alone_and_so_is_the_folder_made_for_it(path: Path) -> None:
    load_or_create(path)
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700


def test_a_folder_that_was_there_keeps_its_mode(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    load_or_create(path)
    assert mode(path.parent) == 0o755


def test_all_who_race_to_make_the_file_get_the_same_keys_and_leave_nothing_else(path: Path) -> None:
    start = Barrier(8)

    def run(_: int) -> tuple[bytes, ...]:
        start.wait()
        return raw(load_or_create(path))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(run, range(8)))) == 1
    assert list(path.parent.iterdir()) == [path]


def test_who_comes_second_leaves_the_first_ones_file_in_place(path: Path) -> None:
    first = raw(load_or_create(path))
    _create(path)
    assert raw(load_or_create(path)) == first
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("loose", [0o640, 0o604, 0o660, 0o620])
def test_a_file_that_others_may_read_or_change_is_refused(path: Path, loose: int) -> None:
    load_or_create(path)
    path.chmod(loose)
    assert f"chmod 600 {path}" in message(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: "[" * 2000,
        lambda text: "[]",
        lambda text: text.replace('"audit"', '"other"'),
        lambda text: text.replace('"audit": "', '"audit": "!'),
        lambda text: text.replace('"audit": "', '"audit": "AAAA'),
        lambda text: json.dumps({**json.loads(text), "more": base64.b64encode(bytes(32)).decode()}),
        lambda text: json.dumps({**json.loads(text), "audit": 7}),
        lambda text: text + " " * 5000 + "x",
    ],
    ids=["empty", "cut", "deep", "list", "renamed", "no base64", "long", "extra", "number", "huge"],
)
def test_a_malformed_file_is_refused_kept_and_not_quoted(path: Path, spoil: Callable[[str], str]) -> None:
    load_or_create(path)
    good = path.read_text()
    path.write_text(spoil(good))
    said = message(path)
    assert "malformed" in said
    assert not any(key in said for key in json.loads(good).values())
    assert path.read_text() == spoil(good)


def test_a_place_where_nothing_can_be_made_is_a_clear_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(KeysError, match="cannot be"):
        load_or_create(tmp_path / "file" / "desk.keys")


def test_neither_repr_nor_fingerprints_show_a_key(path: Path) -> None:
    keys = load_or_create(path)
    shown = repr(keys) + str(keys) + repr(keys.key_ids)
    for key in raw(keys):
        assert key.hex()[:8] not in shown
        assert base64.b64encode(key).decode()[:8] not in shown
        assert repr(key)[2:10] not in shown


def test_fingerprints_are_stable_and_tell_the_keys_apart(path: Path, tmp_path: Path) -> None:
    ids = load_or_create(path).key_ids
    assert ids == load_or_create(path).key_ids
    assert all(len(key_id) == 8 and int(key_id, 16) >= 0 for key_id in ids.values())
    assert not set(ids.values()) & set(load_or_create(tmp_path / "other").key_ids.values())


@pytest.mark.parametrize("value", ["USR-8847291", "", "Zoë 🙂", "x" * 10_000])
def test_an_identifier_comes_back_as_it_went_in(path: Path, value: str) -> None:
    keys = load_or_create(path)
    sealed = encrypt_identifier(keys, value, request_id="PR-000001")
    assert decrypt_identifier(keys, sealed, request_id="PR-000001") == value
    assert not value or value.encode() not in sealed


def test_the_same_identifier_is_never_sealed_alike(path: Path) -> None:
    keys = load_or_create(path)
    assert len({encrypt_identifier(keys, "USR-8847291", request_id="PR-000001") for _ in range(20)}) == 20


def test_an_identifier_opens_for_its_own_request_only(path: Path) -> None:
    keys = load_or_create(path)
    sealed = encrypt_identifier(keys, "USR-8847291", request_id="PR-000001")
    with pytest.raises(KeysError, match="PR-000002"):
        decrypt_identifier(keys, sealed, request_id="PR-000002")


def test_an_identifier_does_not_open_with_other_keys(path: Path, tmp_path: Path) -> None:
    sealed = encrypt_identifier(load_or_create(path), "USR-8847291", request_id="PR-000001")
    with pytest.raises(KeysError):
        decrypt_identifier(load_or_create(tmp_path / "other"), sealed, request_id="PR-000001")


def test_changed_or_shortened_bytes_do_not_open(path: Path) -> None:
    keys = load_or_create(path)
    sealed = encrypt_identifier(keys, "USR-8847291", request_id="PR-000001")
    spoiled = [sealed[:n] for n in range(len(sealed))]
    spoiled += [sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :] for n in range(len(sealed))]
    for wrong in spoiled:
        with pytest.raises(KeysError):
            decrypt_identifier(keys, wrong, request_id="PR-000001")


def test_text_that_is_no_unicode_is_refused_without_being_quoted(path: Path) -> None:
    with pytest.raises(KeysError) as caught:
        encrypt_identifier(load_or_create(path), "USR-\ud800", request_id="PR-000001")
    assert caught.value.__context__ is None
    assert "USR" not in str(caught.value)
