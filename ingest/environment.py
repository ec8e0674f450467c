"""Settings as declarative models: each field names its environment variable, default, form and help.

os.environ -> EnvironmentSettings.read -> a frozen model, or a SettingError of one sentence

deploy.settings makes the check of `mien doctor` and the tables in docs/operations.md from the same fields.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

UNIT_SECONDS = {"": 3600, "s": 1, "m": 60, "h": 3600, "d": 86400}  # by unit; a bare number counts hours


class SettingError(Exception):
    """A setting has a wrong value; the message is one line."""


MAX_DAYS = 36500  # of a duration


@dataclass(frozen=True, slots=True)
class Form(BeforeValidator):
    """Parser of a setting's text, and a description of valid texts, which completes "must be …".

    The parser gets an empty text too. A setting without a form has its default if its variable is empty.
    """

    description: str = ""


def form(description: str, parse: Callable[[str], Any]) -> Form:
    """Return a form; `parse` raises ValueError for an invalid text. Values that are no text pass unparsed."""
    return Form(lambda value: parse(value) if isinstance(value, str) else value, description=description)


def number(text: str, lowest: float, highest: float) -> float:
    """Parse a decimal number within limits, without sign or exponent. Raises ValueError."""
    if not (re.fullmatch(r"\d{1,4}(?:\.\d+)?", text) and lowest <= float(text) <= highest):
        raise ValueError(text)
    return float(text)


def between(lowest: float, highest: float, unit: str) -> Form:
    return form(f"between {lowest:g} and {highest:g} {unit}", lambda text: number(text, lowest, highest))


def duration(text: str) -> float:
    """Parse `90m`, `24h`, `7d`, or a number of hours, into seconds. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)([mhd]?)", text)
    seconds = float(found[1]) * UNIT_SECONDS[found[2]] if found else 0.0
    if not 0 < seconds <= MAX_DAYS * UNIT_SECONDS["d"]:
        raise ValueError(text)
    return seconds


DURATION = form(f"a duration such as 90m, 24h or 7d, at most {MAX_DAYS}d", duration)


def setting(
    variable: str, default: Any, help: str, *, option: str = "", shown: str = "", secret: bool = False
) -> Any:
    """Declare the field of an environment variable.

    `default` is a text as in the environment, None, or a function of the earlier fields; the documentation
    has `shown` in its place. `option` is the command-line option that overrides the variable. The value of a
    `secret` setting is never shown.
    """
    extra: JsonDict = {"variable": variable, "option": option, "shown": shown, "secret": secret}
    source: dict[str, Any] = {"default_factory": default} if callable(default) else {"default": default}
    return Field(description=help, validate_default=True, json_schema_extra=extra, **source)


@dataclass(frozen=True, slots=True)
class Setting:
    """One declared setting, for documentation and messages."""

    variable: str
    option: str
    default: str  # Markdown; "" for none
    form: str
    help: str
    secret: bool

    @property
    def text(self) -> str | None:
        """Text of the variable; None if it is not set."""
        text = os.environ.get(self.variable)
        return None if text is None else text.strip()


class EnvironmentSettings(BaseModel):
    """Base of the models: a field for each setting."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def read(cls, *fields: str, **values: Any) -> Self:
        """Read the named fields from the environment, or all of them; the others have their defaults.

        A part names those that it uses, so that a mistake in another one does not stop it. `values` override
        the environment. Raises SettingError for the first invalid setting.
        """
        settings = {name: each for name, each in cls.declared() if not fields or name in fields}
        texts = {name: text for name, each in settings.items() if (text := each.text) is not None}
        nonempty = {name: text for name, text in texts.items() if text or _form(cls.model_fields[name])}
        try:
            return cls(**nonempty | values)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            invalid = settings[name]
            raise SettingError(f"{invalid.variable} must be {invalid.form}, got {texts[name]!r}") from error

    @classmethod
    def declared(cls) -> Iterator[tuple[str, Setting]]:
        """Yield each field that has an environment variable, with its setting."""
        for name, field in cls.model_fields.items():
            if isinstance(extra := field.json_schema_extra, dict):
                entry = Setting(
                    variable=str(extra["variable"]),
                    option=str(extra["option"]),
                    default=str(extra["shown"] or (f"`{field.default}`" if field.default else "")),
                    form=_form(field) or _choices(field),
                    help=field.description or "",
                    secret=bool(extra["secret"]),
                )
                yield name, entry


def _form(field: FieldInfo) -> str:
    return next((each.description for each in field.metadata if isinstance(each, Form)), "")


def _choices(field: FieldInfo) -> str:
    """Return the values of a Literal such as `auto, onnx or tensorrt`; "" for other types."""
    kinds = (field.annotation, *get_args(field.annotation))
    names = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
