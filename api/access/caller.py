"""Who asks: found out by the gate before any route is reached, and handed to the routes.

A route that notes what was done takes `who: Who`. What a method demands (reading: `view`, all else:
`operate`) is the gate's to know; a route that demands more than its method does takes `who: Operator`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.http.problems import ProblemError

# What a token is good for: to look, or to look and to change.
Scope = Literal["view", "operate"]

NEEDS_OPERATE = "expected a token of the scope operate, actual view"


@dataclass(frozen=True, slots=True)
class Caller:
    """The name and the scope of the token that a request came with."""

    name: str
    scope: Scope
    token: str = field(default="", repr=False)  # the digest of the token; empty where none is asked for


LOCAL = Caller("local", "operate")  # whoever works on this machine, where no token is asked for


def caller_of(connection: HTTPConnection) -> Caller:
    caller = connection.state.caller
    assert isinstance(caller, Caller)
    return caller


CallerDep = Annotated[Caller, Depends(caller_of)]


def operator_of(caller: CallerDep) -> Caller:
    """Raises a 403 problem for who may only look."""
    if caller.scope != "operate":
        raise ProblemError(403, NEEDS_OPERATE)
    return caller


OperatorDep = Annotated[Caller, Depends(operator_of)]
