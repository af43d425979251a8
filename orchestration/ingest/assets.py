"""The raw tables as Dagster assets: one step per source, one asset per export table."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    MetadataValue,
    multi_asset,
)

from orchestration.home import PROJECT_ROOT
from orchestration.ingest.declaration import Declarations, Source, read_declarations
from orchestration.ingest.load import LoadReport, load
from orchestration.resources import HomeResource


def raw_assets(declarations: Declarations | None = None) -> list[AssetsDefinition]:
    """One multi-asset per source in use, with the key ["raw", source, table] per export table.

    Needs neither a database nor a landing folder to be there.
    """
    declared = declarations or read_declarations(PROJECT_ROOT)
    return [
        _source_asset(declared, source, strangers=index == 0)
        for index, source in enumerate(declared.sources)
    ]


def _source_asset(declared: Declarations, source: Source, strangers: bool) -> AssetsDefinition:
    specs = [
        AssetSpec(
            key=AssetKey(["raw", source.name, table.name]),
            group_name=_identifier(source.name),
            description=table.description,
            kinds={"duckdb", "file"} | ({source.name} - {"contract"}),
            owners=["team:data"],
            metadata={"declared in": table.path, "raw table": f"raw.{table.identifier}"},
        )
        for table in source.tables
    ]

    @multi_asset(
        name=f"load_{_identifier(source.name)}",
        specs=specs,
        description=f"Loads new files of landing/{source.name}/. {source.description}",
    )
    def load_source(
        context: AssetExecutionContext, home: HomeResource
    ) -> Iterable[MaterializeResult]:
        report = load(
            home.get(),
            run_id=context.run.run_id,
            loaded_at=_start_of_run(context),
            declarations=declared,
            sources=[source.name],
            strangers=strangers,
            log=context.log.info,
        )
        yield from _materializations(source, report)

    return load_source


def _identifier(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _start_of_run(context: AssetExecutionContext) -> datetime:
    """One instant for all steps of the run: when it was created."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    return record.create_timestamp.astimezone(UTC) if record else datetime.now(UTC)


def _materializations(source: Source, report: LoadReport) -> Iterator[MaterializeResult]:
    for table in source.tables:
        files = report.of(source.name, table.name)
        new = [file for file in files if file.status != "unchanged"]
        metadata: dict[str, MetadataValue] = {
            "files loaded": MetadataValue.int(sum(f.status == "loaded" for f in new)),
            "files rejected": MetadataValue.int(sum(f.status == "rejected" for f in new)),
            "files unchanged": MetadataValue.int(len(files) - len(new)),
            "rows loaded": MetadataValue.int(sum(f.rows_loaded for f in new)),
            "rows rejected": MetadataValue.int(sum(f.rows_rejected for f in new)),
        }
        problems = [f"- {f}" for f in new if f.rows_rejected or f.status == "rejected"]
        if problems:
            metadata["problems"] = MetadataValue.md("\n".join(problems[:50]))
        yield MaterializeResult(
            asset_key=AssetKey(["raw", source.name, table.name]), metadata=metadata
        )
