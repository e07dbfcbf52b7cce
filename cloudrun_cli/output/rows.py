"""A resource together with the short names that its command knows for it.

Tables, filters and sort keys find a short name such as `ready_symbol` or `region` as if it were a field; the whole
resource, in json, yaml or flattened, shows only what it really has. gcloud's rows behave so.
"""

from collections.abc import Callable, Mapping
from typing import Any, Self


class Row(dict[str, Any]):
    """The fields of `resource`; what is not among them is looked for in `names`, where a function stands for its
    answer about the resource and is called when it is asked for.

    >>> Row(service, {"region": service_region})["region"]
    """

    def __init__(
        self, resource: Mapping[str, Any], names: Mapping[str, Any | Callable[[Mapping[str, Any]], Any]]
    ) -> None:
        super().__init__(resource)
        self._names = names

    def __missing__(self, name: str) -> Any:
        found = self._names[name]
        return found(self) if callable(found) else found

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._names

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dictionary, with the short names."""
        try:
            return self[name]
        except KeyError:
            return default

    def copy(self) -> Self:
        """A row of its own with the same fields and short names."""
        return type(self)(self, self._names)
