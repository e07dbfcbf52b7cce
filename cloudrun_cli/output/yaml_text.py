"""YAML as gcloud writes it: keys sorted, block style, literal blocks for text of several lines.

The only file of the room that imports PyYAML; its C emitter is used when it is there.
"""

import re
from typing import Any

import yaml

try:
    from yaml import CSafeDumper as Dumper
except ImportError:  # a PyYAML built without libyaml
    from yaml import SafeDumper as Dumper  # type: ignore[assignment]  # the same methods in Python

STRING = "tag:yaml.org,2002:str"
INTEGER = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"


def yaml_text(value: Any, *, null: str = "null", unicode: bool = True) -> str:
    """The value as one YAML document, without a document mark; in ASCII alone without `unicode`."""
    dumper = _Dumper if null == "null" else _dumper_with_null(null)
    text: str = yaml.dump(value, Dumper=dumper, default_flow_style=False, sort_keys=True, allow_unicode=unicode)
    return text.removesuffix("...\n")


class _Dumper(Dumper):
    """The safe dumper without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always: a value that occurs twice is written twice."""
        return True


def _string(dumper: Any, value: str) -> Any:
    return dumper.represent_scalar(STRING, value, style="|" if "\n" in value else None)


def _dumper_with_null(null: str) -> type[_Dumper]:
    class WithNull(_Dumper):
        """A dumper with another word for nothing."""

    WithNull.add_representer(type(None), lambda dumper, _: dumper.represent_scalar(STRING, null))
    return WithNull


# Text that YAML 1.2 would read as a number is quoted like text that YAML 1.1 would: both kinds of reader get text.
_Dumper.add_implicit_resolver(INTEGER, re.compile(r"[-+]?[0-9]+$|0o[0-7]+$"), list("-+0123456789"))
_Dumper.add_implicit_resolver(FLOAT, re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789"))
_Dumper.add_representer(str, _string)
_Dumper.add_multi_representer(dict, Dumper.represent_dict)
