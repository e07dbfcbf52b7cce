"""What Envoy does with answers: its own pages, the gate's statuses in their true form, and rules for the services'."""

from typing import Any

from cloudrun_cli.core import admission
from cloudrun_cli.core.admission import Refusal
from cloudrun_cli.dataplane.answers import AWAY, DISGUISE, html_page

Json = dict[str, Any]

LONG_ANSWERS = "long-answers"  # the filter, and what routes configure of it

_OVER_32_MIB = (  # a number above 33554432
    "[0-9]{9,}|[4-9][0-9]{7}|3[4-9][0-9]{6}|33[6-9][0-9]{5}|335[6-9][0-9]{4}|3355[5-9][0-9]{3}|33554[5-9][0-9]{2}"
    "|335544[4-9][0-9]|3355443[3-9]"
)
_EXT = "type.googleapis.com/envoy.extensions."


def own_pages() -> list[Json]:
    """Pages for answers that Envoy makes itself, and the gate's statuses in their true form."""
    refused = {"response_flag_filter": {"flags": ["UAEX"]}}
    disguised = [
        {"filter": _both(refused, _status(code)), "status_code": status, "body_format_override": _as_it_is()}
        for status, code in DISGUISE.items()
    ]
    broken = {"response_flag_filter": {"flags": ["UF", "UC", "UH", "UR", "LR", "UPE"]}}
    return [
        *disguised,
        _page(_both(refused, _status(AWAY)), admission.CONTROL_PLANE_AWAY),
        _page(broken, admission.BROKEN),
        # The time limit passed: Envoy says 408 while the body was still arriving, 504 after.
        _page(_status(408), admission.TIMED_OUT),
        _page(_status(504), admission.TIMED_OUT),
        _page(_status(413), admission.TOO_LARGE),
        _page(_status(500), admission.ANSWER_TOO_LARGE),  # the gate's own 500 comes in disguise
    ]


def private_cookies() -> Json:
    """No cache may keep an answer that sets a cookie. Source: container runtime contract, response headers."""
    none = {"not_matcher": {"single_predicate": {"input": _header("set-cookie"), "value_match": {"contains": "="}}}}
    skip = {
        "name": "skip",
        "typed_config": {
            "@type": f"{_EXT}filters.common.matcher.action.v3.SkipFilter",
        },
    }
    private = {"header": {"key": "cache-control", "value": "private"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return {
        "name": "private-cookies",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher",
            "xds_matcher": {"matcher_list": {"matchers": [{"predicate": none, "on_match": {"action": skip}}]}},
            "extension_config": {
                "name": "private",
                "typed_config": {
                    "@type": f"{_EXT}filters.http.header_mutation.v3.HeaderMutation",
                    "mutations": {"response_mutations": [{"append": private}]},
                },
            },
        },
    }


def long_answers() -> Json:
    """The filter that keeps long answers back, on the routes that say so."""
    return {"name": LONG_ANSWERS, "typed_config": {"@type": f"{_EXT}filters.http.custom_response.v3.CustomResponse"}}


def no_long_answers() -> Json:
    """An answer that says it is longer than 32 MiB is not passed on. Source: quotas and limits, response size."""
    instead = {
        "name": "instead",
        "typed_config": {
            "@type": f"{_EXT}http.custom_response.local_response_policy.v3.LocalResponsePolicy",
            "status_code": admission.ANSWER_TOO_LARGE.status,
        },
    }
    over = {"safe_regex": {"google_re2": {}, "regex": _OVER_32_MIB}}
    too_long = {"single_predicate": {"input": _header("content-length"), "value_match": over}}
    return {
        "@type": f"{_EXT}filters.http.custom_response.v3.CustomResponse",
        "custom_response_matcher": {
            "matcher_list": {"matchers": [{"predicate": too_long, "on_match": {"action": instead}}]}
        },
    }


def _header(name: str) -> Json:
    return {
        "name": name,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.type.matcher.v3.HttpResponseHeaderMatchInput",
            "header_name": name,
        },
    }


def _page(when: Json, refusal: Refusal) -> Json:
    body = html_page(refusal, "").decode()
    return {
        "filter": when,
        "status_code": refusal.status,
        "body": {"inline_string": body},
        "body_format_override": _as_it_is(),
    }


def _as_it_is() -> Json:
    return {
        "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
        "content_type": "text/html; charset=UTF-8",
    }


def _status(code: int) -> Json:
    value = {"default_value": code, "runtime_key": f"crl.status{code}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _both(first: Json, second: Json) -> Json:
    return {"and_filter": {"filters": [first, second]}}
