"""What peers respond: the database's API, storage, key sets, Google's APIs. One place tells whether it can be used.

A peer of another version, or a proxy before it, may respond with anything: a row without a column, a string for a
number, a page of HTML, ten thousand nested lists. All of that is WrongForm, which each caller turns into its own
"unavailable", as if there were no response:

    rows = parsed(body, list[Clip])                  # JSON as bytes
    with documented_form():                          # around a library that parses its peer's responses itself
        entries = checked(await files.list(folder), list[Entry])
"""

from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError

T = TypeVar("T")
Form = type[T] | TypeAdapter[T]
"""What a response must look like: a type that pydantic validates."""

Row = dict[str, Any]
"""A row as JSON, for callers that pass it on."""

_READING_ERRORS = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What libraries raise when they read a response of another form; pydantic's and JSON's errors are ValueErrors."""


ANYTHING: TypeAdapter[object] = TypeAdapter(object)
"""The form of a result that is not read."""


class WrongForm(Exception):
    """A peer's response does not have its documented form. The message names the place, and quotes no value."""


class NotJson(WrongForm):
    """The response is not JSON at all, so it is probably not the peer's but a proxy's."""


def parsed(body: bytes, form: Form[T]) -> T:
    """The value of a JSON text. Raises WrongForm; NotJson if it is none, or is nested too deeply."""
    try:
        return _adapter(form).validate_json(body)
    except ValidationError as error:
        raise _wrong_form(error) from None


def checked(value: Any, form: Form[T]) -> T:
    """The value in its form. Raises WrongForm."""
    try:
        return _adapter(form).validate_python(value)
    except ValidationError as error:
        raise _wrong_form(error) from None


@contextmanager
def documented_form() -> Generator[None]:
    """Turn the errors of a library that reads a peer's response into WrongForm. The block contains nothing else."""
    try:
        yield
    except _READING_ERRORS as error:
        raise WrongForm(type(error).__name__) from error


def rows_of(*columns: type[BaseModel]) -> TypeAdapter[list[Row]]:
    """The form of rows that have the columns of all these models. They stay JSON, with any further columns."""

    def fits(row: Row) -> Row:
        for model in columns:
            model.model_validate(row)
        return row

    return TypeAdapter(list[Annotated[Row, AfterValidator(fits)]])


def _adapter(form: Form[T]) -> TypeAdapter[T]:
    return form if isinstance(form, TypeAdapter) else _adapter_of(form)


@lru_cache(maxsize=256)
def _adapter_of(form: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(form)


def _wrong_form(error: ValidationError) -> WrongForm:
    """Says the first place that does not fit, and how: `0.size_bytes missing`."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = " ".join([".".join(map(str, first["loc"])), first["type"]]).strip()[:200]
    return NotJson(place) if first["type"] == "json_invalid" else WrongForm(place)
