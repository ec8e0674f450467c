"""The caller of a request, as routes receive it: `caller: CallerDep`, or `caller: OperatorDep`.

api.access.authorization finds the caller before any route is reached. It also decides by the method: reading
needs the scope `view`, everything else `operate`. OperatorDep is for a route that reads and needs `operate`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.http.problems import ProblemError

Scope = Literal["view", "operate"]  # operate includes view

NEEDS_OPERATE = "this needs a token with the scope operate, and yours has the scope view"


@dataclass(frozen=True, slots=True)
class Caller:
    """Name and scope of the token that came with a request."""

    name: str
    scope: Scope
    token: str = field(default="", repr=False)  # the token's digest; empty where tokens are not required


LOCAL = Caller("local", "operate")  # every caller on a machine where tokens are not required


def caller_of(connection: HTTPConnection) -> Caller:
    caller = connection.state.caller
    assert isinstance(caller, Caller)
    return caller


CallerDep = Annotated[Caller, Depends(caller_of)]


def operator_of(caller: CallerDep) -> Caller:
    """Return the caller. Raises a 403 problem if its scope is only `view`."""
    if caller.scope != "operate":
        raise ProblemError(403, NEEDS_OPERATE)
    return caller


OperatorDep = Annotated[Caller, Depends(operator_of)]
