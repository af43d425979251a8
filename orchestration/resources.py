"""Dagster resources that every step shares: the home and the clock of the run."""

from datetime import UTC, datetime

from dagster import ConfigurableResource

from orchestration.home import Home, Settings, last_local_midnight, parse_as_of


class HomeResource(ConfigurableResource):
    """Gives a step the home of this warehouse, from WAREHOUSE_HOME."""

    def get(self) -> Home:
        """The home of this process."""
        return Home.from_env()


class RunClock(ConfigurableResource):
    """The instant a run is for (contract G-01): a date or ISO instant; empty for last midnight."""

    as_of: str | None = None

    def instant(self, settings: Settings) -> datetime:
        """The instant as aware UTC, in whole seconds."""
        if self.as_of:
            return parse_as_of(self.as_of, settings.zone)
        # The only look at the wall clock: every step after this one takes as_of as an input.
        return last_local_midnight(settings.zone, datetime.now(UTC))
