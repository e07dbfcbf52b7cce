"""Pages of a list. Evidence: ours; that a page is asked for with limit and continue is recorded."""

from typing import Any

import pytest

from cloudrun_cli.api.paging import page
from cloudrun_cli.core.errors import InvalidArgument


def _items(*names: str) -> list[dict[str, Any]]:
    return [{"name": name} for name in names]


def _name(item: dict[str, Any]) -> tuple[str, ...]:
    return (item["name"],)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", ["1", "2", "3", "5", "6"])
def test_the_pages_together_are_the_whole_list_in_order(limit: str, newest_first: bool) -> None:
    items, seen, token = _items(*"cbade"), [], None
    while True:
        found, token = page(items, _name, limit=limit, token=token, newest_first=newest_first)
        assert 0 < len(found) <= int(limit)
        seen += [one["name"] for one in found]
        if token is None:
            break
    assert seen == sorted("abcde", reverse=newest_first)


@pytest.mark.parametrize("limit", [None, "", "0", "5"])
def test_the_last_page_has_no_token(limit: str | None) -> None:
    assert page(_items(*"abcde"), _name, limit=limit, token=None) == (_items(*"abcde"), None)


def test_what_goes_between_two_pages_hides_nothing_else() -> None:
    _, token = page(_items(*"abcde"), _name, limit="2", token=None)
    assert page(_items(*"bde"), _name, limit="2", token=token) == (_items(*"de"), None)


@pytest.mark.parametrize("limit", ["-1", "two", "1.5", "²"])
def test_a_limit_that_is_no_number_is_refused(limit: str) -> None:
    with pytest.raises(InvalidArgument, match="whole number"):
        page([], _name, limit=limit, token=None)


@pytest.mark.parametrize("token", ["2", "!", "e30=", "WzFd"])
def test_a_token_that_was_never_given_out_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgument, match="page token"):
        page([], _name, limit=None, token=token)
