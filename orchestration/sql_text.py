"""Names and texts as they stand in SQL: what comes from files never gets there bare."""


def quoted(name: str) -> str:
    """A name as an SQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A value's text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"
