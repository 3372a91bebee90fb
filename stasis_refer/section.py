"""What every section of the configuration can: read its secrets from files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SecretStr,
    model_validator,
)

_FILE_SUFFIX: Final = "_file"
_BY_OTHERS: Final = 0o006  # read or written
_ENTERED: Final = 0o001
_OF_A_CONTAINER: Final = Path("/run/secrets")
"""Where a container has its secrets, often readable by all: nobody else is in there."""


class Section(BaseModel):
    """One section: frozen, every key known; ``…_file`` stands for a secret kept elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    _files: Mapping[str, Path] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _read_secret_files(
        cls,
        values: Any,  # noqa: ANN401 - whatever TOML holds
        handler: ModelWrapValidatorHandler[Self],
    ) -> Self:
        if not isinstance(values, dict):
            return handler(values)
        found, files = dict(values), {}
        for name in cls.secrets():
            key = name + _FILE_SUFFIX
            path = found.pop(key, None)
            if path is None:
                continue
            if name in found:
                raise ValueError(f"give {name} or {key}, not both")
            files[key] = Path(str(path))
            found[name] = _secret_in(files[key], name)
        section = handler(found)
        section._files = files  # noqa: SLF001 - it is no setting
        return section

    @classmethod
    def secrets(cls) -> Sequence[str]:
        """Return the keys that hold a secret, and may also be ``…_file``."""
        return [name for name, each in cls.model_fields.items() if each.annotation is SecretStr]

    def open_secrets(self) -> Iterator[str]:
        """Yield a remark for each file with a secret that other users of the machine reach."""
        for key, path in self._files.items():
            if is_open(path):
                yield f"{key}: other users of this machine can read {path}: chmod 600 it"


def is_open(path: Path) -> bool:
    """Tell whether others than its user and group may read or change a file, and get there."""
    place = path.absolute()
    if place.is_relative_to(_OF_A_CONTAINER):
        return False
    try:
        folders = place.resolve().parents
        return bool(place.stat().st_mode & _BY_OTHERS) and all(
            folder.stat().st_mode & _ENTERED for folder in folders
        )
    except OSError:
        return False


def _secret_in(path: Path, name: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        why = "is no text"
    else:
        if secret:
            return secret
        why = "is empty"
    raise ValueError(f"{name}{_FILE_SUFFIX}: {path} {why}: write the secret into it")
