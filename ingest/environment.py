"""Settings as declarative models: each field names its environment variable, default, form and help.

os.environ -> EnvironmentSettings.read -> a frozen model, or a SettingError of one sentence

From the same fields come `mien doctor`'s check and the table in docs/operations.md: see deploy.settings.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

SECONDS = {"": 3600, "s": 1, "m": 60, "h": 3600, "d": 86400}  # by unit; a bare number counts hours


class SettingError(Exception):
    """A setting has a wrong value; the message is one line."""


@dataclass(frozen=True, slots=True)
class Form(BeforeValidator):
    """Parser of a setting's text, and the form that the text must have: it completes "must be …".

    An empty text reaches the parser. A setting without a form that is set to an empty text has its default.
    """

    words: str = ""


def form(words: str, parse: Callable[[str], Any]) -> Form:
    """Return a form whose `parse` raises ValueError for a wrong text; other values pass unparsed."""
    return Form(lambda value: parse(value) if isinstance(value, str) else value, words=words)


def number(text: str, lowest: float, highest: float) -> float:
    """Parse a plain decimal number within limits: no sign, exponent, infinity or NaN. Raises ValueError."""
    if not (re.fullmatch(r"\d{1,4}(?:\.\d+)?", text) and lowest <= float(text) <= highest):
        raise ValueError(text)
    return float(text)


def between(lowest: float, highest: float, unit: str) -> Form:
    return form(f"between {lowest:g} and {highest:g} {unit}", lambda text: number(text, lowest, highest))


def duration(text: str) -> float:
    """Parse `90m`, `24h`, `7d`, or a number of hours, into seconds. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)([mhd]?)", text)
    if found is None or float(found[1]) == 0:
        raise ValueError(text)
    return float(found[1]) * SECONDS[found[2]]


DURATION = form("a duration such as 90m, 24h or 7d", duration)


def setting(
    variable: str, default: Any, help: str, *, option: str = "", shown: str = "", secret: bool = False
) -> Any:
    """Declare the field of an environment variable.

    `default` is a text as in the environment, None, or a function of the fields before it, for which `shown`
    stands in the documentation. `option` is the command-line option that comes first; the value of a
    `secret` setting is never listed.
    """
    extra: JsonDict = {"variable": variable, "option": option, "shown": shown, "secret": secret}
    source: dict[str, Any] = {"default_factory": default} if callable(default) else {"default": default}
    return Field(description=help, validate_default=True, json_schema_extra=extra, **source)


@dataclass(frozen=True, slots=True)
class Setting:
    """One declared setting, as documentation and messages show it."""

    variable: str
    option: str
    default: str  # Markdown; "" for none
    form: str
    help: str
    secret: bool

    @property
    def text(self) -> str | None:
        """Its text in the environment; None where it is not set."""
        text = os.environ.get(self.variable)
        return None if text is None else text.strip()


class EnvironmentSettings(BaseModel):
    """Base of the models: a field for each setting."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def read(cls, *fields: str, **values: Any) -> Self:
        """Read the named fields from the environment, all if none is named; the others have their defaults.

        So a part refuses only what concerns it. A value that is passed comes before the environment's. Raises
        SettingError, which names the first wrong setting.
        """
        settings = {name: each for name, each in cls.declared() if not fields or name in fields}
        texts = {name: text for name, each in settings.items() if (text := each.text) is not None}
        given = {name: text for name, text in texts.items() if text or _form(cls.model_fields[name])}
        try:
            return cls(**given | values)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            wrong = settings[name]
            raise SettingError(f"{wrong.variable} must be {wrong.form}, got {texts[name]!r}") from error

    @classmethod
    def declared(cls) -> Iterator[tuple[str, Setting]]:
        """Yield each field that has an environment variable, with its setting."""
        for name, field in cls.model_fields.items():
            if isinstance(extra := field.json_schema_extra, dict):
                yield (
                    name,
                    Setting(
                        variable=str(extra["variable"]),
                        option=str(extra["option"]),
                        default=str(extra["shown"] or (f"`{field.default}`" if field.default else "")),
                        form=_form(field) or _choices(field),
                        help=field.description or "",
                        secret=bool(extra["secret"]),
                    ),
                )


def _form(field: FieldInfo) -> str:
    return next((each.words for each in field.metadata if isinstance(each, Form)), "")


def _choices(field: FieldInfo) -> str:
    """`auto, onnx or tensorrt`; "" for what is no choice."""
    kinds = (field.annotation, *get_args(field.annotation))
    names = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
