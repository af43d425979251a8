"""Dagster resources that every step shares: the home and the clock of the run."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from dagster import ConfigurableResource, InitResourceContext

from orchestration.home import Home, Settings, last_local_midnight, parse_as_of
from orchestration.lock import refresh_lock
from orchestration.releases import clean_leftovers
from orchestration.storage import require_writable


class HomeResource(ConfigurableResource):
    """Gives a run the home of this warehouse, and keeps every other run out of it meanwhile.

    Dagster sets a resource up once per run (the executor works in one process), so the lock is
    held from before the first step to after the last, by whatever started the run.
    """

    def get(self) -> Home:
        """The home of this process, from WAREHOUSE_HOME."""
        return Home.from_env()

    @contextmanager
    def yield_for_execution(
        self, context: InitResourceContext
    ) -> Generator["HomeResource", None, None]:
        """Hold the refresh lock; RefreshRunning fails the run before it touches anything.

        What a killed run left behind is removed first.
        """
        home = self.get()
        require_writable(home)
        with refresh_lock(home, context.run_id or ""):
            clean_leftovers(home)
            yield self


class RunClock(ConfigurableResource):
    """The instant a run is for (contract G-01): a date or ISO instant; empty for last midnight."""

    as_of: str | None = None

    def instant(self, settings: Settings) -> datetime:
        """The instant as aware UTC, in whole seconds."""
        if self.as_of:
            return parse_as_of(self.as_of, settings.zone)
        # The only look at the wall clock: every step after this one takes as_of as an input.
        return last_local_midnight(settings.zone, datetime.now(UTC))
