"""``STASIS_REFER_…`` in the environment, where a key of an application goes by its name.

``STASIS_REFER_APPLICATIONS__SUPPORT__AUTH_TOKEN`` is ``auth_token`` of the application ``support``
in the configuration file; for other characters than letters and digits in a name stands ``_``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from stasis_refer.errors import ConfigurationError

_LIST = "applications"


class Environment(EnvSettingsSource):
    """The variables, put into the sections that the file has."""

    def __init__(self, settings_cls: type[BaseSettings], file: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._file = file

    def __call__(self) -> dict[str, Any]:
        """Return the sections. Raises ConfigurationError for an application that is not there."""
        values = super().__call__()
        given = values.get(_LIST)
        if isinstance(given, dict):
            values[_LIST] = self._put_into(self._file().get(_LIST), given)
        return values

    def _put_into(self, sections: object, given: Mapping[str, object]) -> Sequence[object]:
        found = list(sections) if isinstance(sections, list | tuple) else []
        for name, keys in given.items():
            fitting = [index for index, each in enumerate(found) if _as_variable(each) == name]
            if len(fitting) != 1 or not isinstance(keys, dict):
                raise ConfigurationError(
                    f"environment: {self.env_prefix}{_LIST.upper()}__{name.upper()}:"
                    f" {len(fitting) or 'none'} of [[{_LIST}]] with that name: write name and key"
                    f" as in {self.env_prefix}{_LIST.upper()}__SUPPORT__PASSWORD"
                )
            found[fitting[0]] = {**found[fitting[0]], **keys}
        return found


def _as_variable(section: object) -> str | None:
    name = section.get("name") if isinstance(section, dict) else None
    return re.sub("[^a-z0-9]", "_", name.lower()) if isinstance(name, str) else None
