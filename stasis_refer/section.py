"""What every section of the configuration can: read its secrets from files."""

from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

_FILE_SUFFIX: Final = "_file"


class Section(BaseModel):
    """One section: frozen, every key known; ``…_file`` stands for a secret kept elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
        if not isinstance(values, dict):
            return values
        found = dict(values)
        for name, field in cls.model_fields.items():
            path = found.pop(name + _FILE_SUFFIX, None) if _is_secret(field.annotation) else None
            if path is None:
                continue
            if name in found:
                raise ValueError(f"give {name} or {name}{_FILE_SUFFIX}, not both")
            found[name] = _secret_in(Path(str(path)), name)
        return found


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr


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
