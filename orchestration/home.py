"""The home of a warehouse: where its files are, what its settings say, which instant a run is for.

Nothing here imports Dagster at the start, so that the quick verbs of the command line stay quick:
`HomeResource` and `RunClock` are defined in `orchestration.resources` and reachable from here.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
)

if TYPE_CHECKING:
    from orchestration.resources import HomeResource, RunClock

__all__ = [
    "PROJECT_ROOT",
    "Home",
    "HomeResource",
    "RunClock",
    "Settings",
    "SettingsError",
    "last_local_midnight",
    "load_settings",
    "parse_as_of",
]

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_FORBID = ConfigDict(extra="forbid", frozen=True, strict=True)


def __getattr__(name: str) -> Any:
    """Import the Dagster resources only when somebody asks for them."""
    if name in ("HomeResource", "RunClock"):
        from orchestration import resources

        return getattr(resources, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True)
class Home:
    """The folders and files of one warehouse; everything that a run writes lies below `root`."""

    root: Path

    @classmethod
    def from_env(cls) -> Home:
        """The home named by WAREHOUSE_HOME, or `var` below the current directory."""
        named = os.environ.get("WAREHOUSE_HOME") or "var"
        return cls(Path(os.path.abspath(Path(named).expanduser())))

    @property
    def landing(self) -> Path:
        """Where people drop exports: landing/<source>/<entity>/..."""
        return self.root / "landing"

    @property
    def build_database(self) -> Path:
        """The private work database; only the job opens it."""
        return self.root / "build.duckdb"

    @property
    def releases(self) -> Path:
        """One folder per release."""
        return self.root / "releases"

    @property
    def published(self) -> Path:
        """The link that readers open; it points to the served release."""
        return self.root / "warehouse.duckdb"

    @property
    def settings_file(self) -> Path:
        """The optional settings of this home."""
        return self.root / "settings.yml"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME: run history and event logs."""
        return self.root / "dagster"

    @property
    def dbt(self) -> Path:
        """dbt's profiles.yml, target/ and logs/."""
        return self.root / "dbt"

    @property
    def lock_file(self) -> Path:
        """Held for the length of a refresh; says who holds it."""
        return self.root / "refresh.lock"


class SettingsError(ValueError):
    """settings.yml cannot be used; the message names file, line and what is allowed."""


def _zone(value: str) -> str:
    if value not in _zones():
        near = difflib.get_close_matches(value, _zones(), n=2)
        raise ValueError("unknown time zone" + (f" (near: {', '.join(near)})" if near else ""))
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _clock_time(value: Any) -> Any:
    # YAML 1.1 reads an unquoted 12:30 as the sexagesimal number 750.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        value = f"{value // 60:02d}:{value % 60:02d}"
    if not isinstance(value, str) or not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value):
        raise ValueError("not a time of day")
    return value


def _allowed(text: str) -> dict[str, Any]:
    """What a person may write for a field; shown in error messages."""
    return {"allowed": text}


def _whole(default: Any, lowest: int, highest: int, **more: Any) -> Any:
    return Field(
        default=default,
        ge=lowest,
        le=highest,
        json_schema_extra=_allowed(f"a whole number from {lowest} to {highest}"),
        **more,
    )


ZONE_TEXT = "an IANA time zone such as Europe/Berlin, America/New_York or UTC"
Zone = Annotated[StrictStr, AfterValidator(_zone)]
VARIABLE_TEXT = "the name of an environment variable, such as WAREHOUSE_ALERT_URL (never the value)"
Variable = Annotated[StrictStr, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Address = Annotated[StrictStr, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
ExportFormat = Literal["parquet", "csv", "xlsx"]
StorageVersion = Literal["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0", "v1.5.0"]


class Schedule(BaseModel):
    """When the nightly run starts; the schedule is switched on in the web UI."""

    model_config = _FORBID
    time: Annotated[str, BeforeValidator(_clock_time)] = Field(
        default="02:30",
        json_schema_extra=_allowed('a time of day as "HH:MM", from "00:00" to "23:59"'),
    )
    timezone: Zone | None = Field(default=None, json_schema_extra=_allowed(ZONE_TEXT))


class Retention(BaseModel):
    """How many releases stay on disk. The served release is never removed."""

    model_config = _FORBID
    keep_releases: int = _whole(7, 3, 10_000)
    minimum_age_hours: int = _whole(24, 1, 87_600)


class Alerts(BaseModel):
    """Who hears of a failed or blocked night. Off unless one of the two is given."""

    model_config = _FORBID
    webhook_url_env: Variable | None = Field(
        default=None, json_schema_extra=_allowed(VARIABLE_TEXT)
    )
    email: tuple[Address, ...] = Field(
        default=(),
        json_schema_extra=_allowed("a list of e-mail addresses; the server comes from SMTP_HOST"),
        strict=False,
    )


class Postgres(BaseModel):
    """The server that gets a copy of every release. Off unless the variable is named."""

    model_config = _FORBID
    url_env: Variable | None = Field(default=None, json_schema_extra=_allowed(VARIABLE_TEXT))
    reader_role: Annotated[StrictStr, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")] | None = Field(
        default="warehouse_reader",
        json_schema_extra=_allowed("a role of small letters, digits and _ that may read; or null"),
    )


class Settings(BaseModel):
    """settings.yml of a home. What is left out has its default in dbt_project.yml or here."""

    model_config = _FORBID

    reporting_timezone: Zone | None = Field(default=None, json_schema_extra=_allowed(ZONE_TEXT))
    reporting_currency: StrictStr | None = Field(
        default=None,
        pattern=r"^[A-Z]{3}$",
        json_schema_extra=_allowed("an ISO 4217 code of three capitals, such as EUR"),
    )
    fiscal_year_start_month: int | None = _whole(None, 1, 12)
    customer_model: Literal["subscription", "transactional", "hybrid"] | None = None
    activity_window_days: int | None = _whole(None, 1, 3660)
    dunning_days: int | None = _whole(None, 0, 366)
    conversion_window_days: int | None = _whole(None, 1, 3660)
    attribution_window_days: int | None = _whole(None, 1, 3660)
    acquisition_event: Literal["first_payment", "lead", "trial"] | None = None
    cac_lag_months: int | None = _whole(None, 0, 36)
    abandonment_basis: Literal["cart", "checkout", "form"] | None = None
    abandonment_window_hours: int | None = _whole(None, 1, 8784)
    referral_dedupe_days: int | None = _whole(None, 0, 3660)
    renewal_grace_days: int | None = _whole(None, 0, 366)
    fcr_window_days: int | None = _whole(None, 1, 366)
    reopen_window_days: int | None = _whole(None, 1, 366)
    stale_activity_days: int | None = _whole(None, 1, 3660)
    fx_max_age_days: int | None = _whole(None, 0, 366)
    min_sample: int | None = _whole(None, 0, 1_000_000)
    internal_domains: (
        tuple[Annotated[StrictStr, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")], ...] | None
    ) = Field(
        default=None,
        json_schema_extra=_allowed("a list of e-mail domains in small letters, such as [acme.com]"),
        strict=False,
    )
    annual_discount_rate: float | None = Field(
        default=None, ge=0, le=1, json_schema_extra=_allowed("a number from 0 to 1")
    )

    schedule: Schedule = Schedule()
    retention: Retention = Retention()
    alerts: Alerts = Alerts()
    exports: tuple[ExportFormat, ...] = Field(
        default=(), json_schema_extra=_allowed("a list of: parquet, csv, xlsx"), strict=False
    )
    postgres: Postgres = Postgres()
    storage_version: StorageVersion = "v1.2.0"
    # Share of a published value by which it may move before gate 2 says so.
    restatement_tolerance: float = Field(
        default=0.01, ge=0, le=1, json_schema_extra=_allowed("a share from 0 to 1, such as 0.01")
    )

    def dbt_vars(self) -> dict[str, Any]:
        """The contract parameters that this home sets; the others keep dbt_project.yml's value."""
        own = {
            *("schedule", "retention", "alerts", "exports", "postgres", "storage_version"),
            "restatement_tolerance",
        }
        return self.model_dump(mode="json", exclude=own, exclude_none=True)

    def parameter(self, name: str) -> Any:
        """A contract parameter: what this home sets, else the default of dbt_project.yml."""
        value = getattr(self, name)
        return project_vars()[name] if value is None else value

    @property
    def zone(self) -> ZoneInfo:
        """The reporting time zone."""
        return ZoneInfo(self.parameter("reporting_timezone"))


@cache
def project_vars() -> dict[str, Any]:
    """`vars` of dbt_project.yml: the defaults of every contract parameter."""
    text = (PROJECT_ROOT / "dbt_project.yml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast
    return dict(yaml.load(text, Loader=loader)["vars"])  # noqa: S506  (a SafeLoader)


def load_settings(home: Home) -> Settings:
    """Read settings.yml of a home; a missing or empty file means all defaults.

    Raises SettingsError with file, line and the allowed values for anything that is not understood.
    """
    path = home.settings_file
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise SettingsError(f"{path}{line}: not valid YAML: {problem}") from error
    if content is None:
        return Settings()
    if not isinstance(content, dict) or root is None:
        raise SettingsError(f"{path}, line 1: expected `key: value` lines, found {content!r}")
    _refuse_duplicates(path, root)
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        problems = [_explain(path, root, content, detail) for detail in error.errors()]
        problems.sort(key=lambda problem: problem[0])
        raise SettingsError("\n".join(dict.fromkeys(text for _, text in problems))) from None


def _refuse_duplicates(path: Path, node: yaml.Node) -> None:
    """YAML silently keeps the last of two equal keys; a person meant one of them."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[Hashable, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in seen:
            raise SettingsError(
                f"{path}, line {line}: {key.value} is already set on line {seen[key.value]}; "
                "keep one of them"
            )
        seen[key.value] = line
        _refuse_duplicates(path, value)


def _explain(path: Path, root: yaml.Node, content: Any, detail: Any) -> tuple[int, str]:
    """Line and message of a validation problem: file, line, key, value, allowed values."""
    model: type[BaseModel] = Settings
    node: yaml.Node | None = root
    line = 1
    value = content
    names: list[str] = []
    allowed = ""
    for part in detail["loc"]:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
        value = value[part]
        if isinstance(part, int):
            continue
        names.append(str(part))
        field = model.model_fields.get(str(part))
        if field is not None:
            extra = field.json_schema_extra
            allowed = str(extra["allowed"]) if isinstance(extra, dict) else ""
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                model = inner
                allowed = "a block with the keys " + ", ".join(model.model_fields)
    key = ".".join(names)
    if detail["type"] == "extra_forbidden":
        known = list(model.model_fields)
        near = difflib.get_close_matches(names[-1], known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        text = f"{path}, line {line}: unknown key {key}; {hint}known keys: {', '.join(known)}"
        return line, text
    if detail["type"] == "literal_error":
        allowed = detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        allowed = f"one of {allowed}"
    reason = detail.get("ctx", {}).get("error")
    because = f" ({reason})" if detail["type"] == "value_error" and reason else ""
    allowed = allowed or detail["msg"]
    return line, f"{path}, line {line}: {key} is {value!r}{because}; allowed: {allowed}"


def last_local_midnight(zone: ZoneInfo, now: datetime) -> datetime:
    """The latest midnight of `zone` that is not after `now`, as an aware UTC instant."""
    day = now.astimezone(zone).date()
    midnight = _midnight(day, zone)
    return midnight if midnight <= now else _midnight(day - timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def parse_as_of(text: str, zone: ZoneInfo) -> datetime:
    """The instant that a person means, aware and in UTC.

    A date (2025-07-01) is the local midnight with which that date begins; anything else must be
    an ISO instant with an offset (2025-07-01T06:00:00Z). Raises ValueError with what to write.
    """
    wanted = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", wanted):
            return _midnight(date.fromisoformat(wanted), zone)
        instant = datetime.fromisoformat(wanted)
    except ValueError as error:
        raise ValueError(
            f"as-of {text!r} is neither a date nor an instant ({error}); "
            "write 2025-07-01 or 2025-07-01T06:00:00Z"
        ) from error
    if instant.tzinfo is None:
        raise ValueError(
            f"as-of {text!r} has no offset from UTC; write 2025-07-01 for the local midnight, "
            "or add Z or +02:00 to the instant"
        )
    if instant.microsecond:
        raise ValueError(f"as-of {text!r} has fractions of a second; write whole seconds")
    return instant.astimezone(UTC)
