"""Services that the routes use, made once for each app: `services: ServicesDep`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.access.audit import Audit
from api.access.tickets import Tickets
from api.access.tokens import Tokens
from api.app_settings import AppSettings
from api.http.problems import ProblemError
from api.sources.status import SourceStatuses
from api.stream.broadcast import Broadcasts
from api.stream.history import History
from api.stream.previews import LivePreviews
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import SOURCES
from ingest.bus.source_config import BadConfigError, SourceConfig, config_of, invalid_config, usable_config


@dataclass(frozen=True, slots=True)
class Services:
    """The shared objects of the process; `redis` is its asynchronous connection pool."""

    settings: AppSettings
    redis: AsyncRedis
    history: History
    broadcasts: Broadcasts
    previews: LivePreviews
    statuses: SourceStatuses
    audit: Audit
    tokens: Tokens
    tickets: Tickets

    async def sources(self) -> list[SourceConfig]:
        """Return the configurations of all sources, apart from those that cannot be decoded."""
        entries = (await self.redis.hgetall(SOURCES)).items()
        configs = (usable_config(id.decode(errors="replace"), text) for id, text in entries)
        return [config for config in configs if config is not None]

    async def invalid_sources(self) -> list[tuple[SourceConfig, str]]:
        """Return what is valid of the configurations that cannot be used, and what is wrong with each."""
        entries = (await self.redis.hgetall(SOURCES)).items()
        found = (invalid_config(id.decode(errors="replace"), text) for id, text in entries)
        return [each for each in found if each is not None]

    async def source(self, id: str) -> SourceConfig | None:
        """Return the configuration of a source; None if there is none or it cannot be decoded."""
        text = await self.redis.hget(SOURCES, id)
        return None if text is None else usable_config(id, text)

    async def known_source(self, id: str) -> SourceConfig:
        """Return the configuration of a source. Raises a 404 problem if there is none that can be used."""
        text = await self.redis.hget(SOURCES, id)
        if text is None:
            raise no_source(id)
        try:
            return config_of(id, text)
        except BadConfigError as error:
            raise ProblemError(404, stored_wrongly(str(error))) from None


def no_source(id: str) -> ProblemError:
    return ProblemError(404, f"there is no source {id[:80]!r}")


def stored_wrongly(reason: str) -> str:
    return f"the stored configuration is wrong ({reason}): remove the source and add it again"


def make_services(
    settings: AppSettings, client: AsyncRedis, readers: AsyncRedis, preview_timeout: float
) -> Services:
    """`readers` is a pool with a connection for each source whose timeline is followed."""
    history = History(client)
    return Services(
        settings=settings,
        redis=client,
        history=history,
        broadcasts=Broadcasts(client, readers),
        previews=LivePreviews(client, timeout=preview_timeout),
        statuses=SourceStatuses(client, history),
        audit=Audit(client),
        tokens=Tokens(client),
        tickets=Tickets(client),
    )


def services_of(connection: HTTPConnection) -> Services:
    services = connection.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDep = Annotated[Services, Depends(services_of)]
