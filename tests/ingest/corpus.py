"""Bad files, and good ones that look bad: what each becomes, with its records counted by hand.

A case is a file and the outcome that a person would want. The kinds are those of the list of what
happens to exports; `ELSEWHERE` says where the kinds are tested that no single file can show.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any

from shops import SHOP

# Besides the shop: a table with local times, with declared forms of dates, and without a key.
TABLES = (
    SHOP.replace("name: page\n", "name: page\n", 1)
    + """
      - name: visit
        identifier: shop__visit
        description: Local times of Berlin, and dates in declared forms.
        config: {meta: {primary_key: [id], zone: Europe/Berlin}}
        columns:
          - {name: id, data_type: string, config: {meta: {required: true}}}
          - {name: local_at, data_type: instant}
          - {name: american, data_type: date, config: {meta: {formats: ["%m/%d/%Y"]}}}
          - {name: stamp, data_type: instant, config: {meta: {formats: ["%m/%d/%Y %H:%M:%S"]}}}
          - {name: epoch_at, data_type: epoch}
          - {name: opens, data_type: time}
"""
)


@dataclass(frozen=True)
class Case:
    """One file below landing/shop: how many records load, how many do not, and why.

    `whole`: the file is rejected as a whole. `why` is in the reason of the file or of its first
    rejected record, whose line is `line`. `holds`: a query about the rows of the file, `{rows}`,
    and its answer.
    """

    kind: str
    name: str
    content: bytes
    loaded: int = 0
    rejected: int = 0
    why: str = ""
    line: int | None = None
    whole: bool = False
    holds: tuple[str, Any] | None = None

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name.rpartition('/')[2]}"


CASES: list[Case] = []


def add(kind: str, name: str, content: str | bytes, loaded: int = 0, **outcome: Any) -> None:
    data = content.encode() if isinstance(content, str) else content
    CASES.append(Case(kind, name, data, loaded, **outcome))


def refused(
    kind: str, name: str, content: str | bytes, why: str, rejected: int = 0, **more: Any
) -> None:
    add(kind, name, content, why=why, rejected=rejected, whole=True, **more)


HEAD = "order_id,note,amount\n"
PACKED_ONE = gzip.compress(b"order_id,amount\n1,2\n")
ONE = HEAD + "1,x,1\n"
TWO = HEAD + "1,x,1\n2,y,2\n"
NUMBER = "is not a number"
FIELDS = "the header has 3"


def one_amount(kind: str, label: str, text: str, value: str | None) -> None:
    """A file with one amount among good ones: its value, or None where it is quarantined."""
    content = f'order_id,note,amount\n1,x,1\n2,y,"{text}"\n3,z,3\n'
    found = ("select amount from {rows} where order_id = '2'", value) if value else None
    add(
        kind,
        f"order/amount {label}.csv",
        content,
        3 if value else 2,
        rejected=0 if value else 1,
        why="" if value else NUMBER,
        line=None if value else 3,
        holds=found,
    )


def one_value(
    kind: str, label: str, column: str, text: str, good: bool, why: str = "", table: str = "visit"
) -> None:
    key = "id" if table == "visit" else "order_id"
    amount = "" if table == "visit" else ",amount"
    tail = "" if table == "visit" else ",1"
    content = f'{key},{column}{amount}\n1,{tail}\n2,"{text}"{tail}\n'
    add(
        kind,
        f"{table}/{column} {label}.csv",
        content,
        2 if good else 1,
        rejected=0 if good else 1,
        why=why,
        line=None if good else 3,
    )


# --- empty files ---------------------------------------------------------------------------------
refused("empty file", "order/zero bytes.csv", b"", "The file is empty")
refused("empty file", "order/zero bytes.json", b"", "The file is empty")
refused("empty file", "order/zero bytes.jsonl", b"", "The file is empty")
refused("empty file", "order/zero bytes.parquet", b"", "not readable as Parquet")
refused("empty file", "order/packed nothing.csv.gz", gzip.compress(b""), "The file is empty")
refused("empty file", "order/blank lines.csv", "\n\r\n\n", "only blank lines")
refused("empty file", "order/white space.json", " \n\t ", "only white space")
refused("empty file", "order/only a mark.csv", b"\xef\xbb\xbf", "")
add("empty file", "order/no records.json", "[]")
add("empty file", "order/no records on the page.json", '{"object": "list", "data": []}')
add("header only", "order/header.csv", HEAD)
add("header only", "order/header without line end.csv", HEAD.rstrip())
add("header only", "order/header and blank lines.csv", HEAD + "\n\n")
add("header only", "order/packed header.csv.gz", gzip.compress(HEAD.encode()))

# --- encodings -----------------------------------------------------------------------------------
add("byte order mark", "order/mark.csv", "\ufeff" + TWO, 2)
add("byte order mark", "order/two marks.csv", "\ufeff\ufeff" + TWO, 2)
add("byte order mark", "order/mark read as Latin-1.csv", "ï»¿" + TWO, 2)
add("byte order mark", "order/mark before a quoted name.csv", '\ufeff"order_id","amount"\n1,2\n', 1)
add("byte order mark", "order/mark.jsonl", '\ufeff{"order_id": 1, "amount": 2}\n', 1)
add("byte order mark", "order/mark.json", '\ufeff[{"order_id": 1, "amount": 2}]', 1)
add(
    "byte order mark",
    "order/files joined with their marks.csv",
    "\ufeff" + ONE + "\ufeff" + HEAD + "2,y,2\n",
    2,
    rejected=1,
    line=3,
)
for label, encoding in (("16", "utf-16"), ("16 big", "utf-16-be"), ("16 little", "utf-16-le")):
    mark = b"" if encoding == "utf-16" else "\ufeff".encode(encoding)
    add(
        "UTF-16",
        f"order/UTF-{label}.csv",
        mark + (HEAD + "1,Zoë 🙂,1\r\n").encode(encoding),
        1,
        holds=("select note from {rows}", "Zoë 🙂"),
    )
refused("UTF-16", "order/UTF-16 without a mark.csv", TWO.encode("utf-16-le"), "full of NUL")
refused("UTF-16", "order/UTF-16 broken.csv", TWO.encode("utf-16")[:-1], "not valid UTF-16")
refused("UTF-16", "order/UTF-32.csv", TWO.encode("utf-32"), "is not the header", 3)
add("UTF-16", "order/UTF-16.jsonl", '{"order_id": "é", "amount": 2}\n'.encode("utf-16"), 1)
add(
    "UTF-16",
    "order/UTF-16 packed with footer.csv.gz",
    gzip.compress(("\ufeff" + TWO + "Total,,3\n\nGenerated by X\n").encode("utf-16-le")),
    3,
    rejected=1,
    why=FIELDS,
    line=6,
)
LATIN = (HEAD + "1,Zoë,1\n2,x,2\n").encode("latin-1")
add("Latin-1", "order/Latin-1.csv", LATIN, 1, rejected=1, why="not UTF-8 (perhaps Latin-1)", line=2)
add(
    "Latin-1",
    "order/Windows euro.csv",
    (HEAD + "1,€ 5,1\n2,x,2\n").encode("cp1252"),
    1,
    rejected=1,
    why="not UTF-8",
    line=2,
)
refused(
    "Latin-1", "text/Latin-1 in the header.csv", "a,größe\n1,2\n".encode("latin-1"), "not UTF-8", 1
)
add(
    "Latin-1",
    "order/Latin-1.jsonl",
    b'{"order_id": 1, "amount": 1}\n{"order_id": "Zo\xeb", "amount": 2}\n',
    1,
    rejected=1,
    why="not UTF-8",
    line=2,
)
refused("Latin-1", "order/Latin-1.json", b'[{"order_id": "Zo\xeb", "amount": 2}]', "not UTF-8", 1)
add("NUL bytes", "order/NUL in a value.csv", HEAD + "1,a\0b,1\n2,y,2\n", 1, rejected=1, why="NUL")
add("NUL bytes", "order/NULs as a line.csv", TWO + "\0\0\0\0\n", 2, rejected=1, why=FIELDS)
refused("NUL bytes", "order/NULs only.csv", b"\0" * 5000, "full of NUL")
refused("NUL bytes", "text/NUL in a name.csv", "a,b\0\n" + "1,2\n" * 9, "NUL character", 9)
add(
    "NUL bytes",
    "order/NUL escape.jsonl",
    '{"order_id": 1, "amount": 1, "note": "a\\u0000b"}\n{"order_id": 2, "amount": 1}\n',
    1,
    rejected=1,
    why="NUL",
    line=1,
)

# --- lines and quotes ----------------------------------------------------------------------------
CRLF = TWO.replace("\n", "\r\n")
add("line ends", "order/CR LF.csv", CRLF, 2)
add("line ends", "order/CR alone.csv", TWO.replace("\n", "\r"), 2)
add("line ends", "order/mixed.csv", "order_id,note,amount\r\n1,x,1\n2,y,2\r3,z,3\r\n", 3)
add("line ends", "order/none at the end.csv", TWO.rstrip(), 2)
add("line ends", "order/CR with line breaks in quotes.csv", HEAD[:-1] + '\r1,"a\rb",1\r2,y,2\r', 2)
add(
    "line ends", "order/CR alone.jsonl", '{"order_id":1,"amount":1}\r{"order_id":2,"amount":1}\r', 2
)
add("line ends", "order/end of file mark of DOS.csv", TWO + "\x1a", 2, rejected=1, why=FIELDS)
add(
    "line ends",
    "order/line separator of Unicode.jsonl",
    '{"order_id": 1, "amount": 1, "note": "a\u2028b"}\n{"order_id": 2, "amount": 1}\n',
    2,
)
add(
    "newlines and quotes in values",
    "order/newlines.csv",
    HEAD + '1,"a\nb\r\nc\n\nd",1\n2,y,2\n',
    2,
    holds=("select note from {rows} where order_id = '1'", "a\nb\r\nc\n\nd"),
)
add(
    "newlines and quotes in values",
    "order/doubled quotes.csv",
    HEAD + '1,"say ""hi"", ok",1\n',
    1,
    holds=("select note from {rows}", 'say "hi", ok'),
)
add("newlines and quotes in values", "order/inches.csv", HEAD + '1,5" pipe,1\n', 1)
add("newlines and quotes in values", "order/spaced quotes.csv", HEAD + '1, "x, y" ,1\n', 0,
    rejected=1, why="text follows a closing quote")  # fmt: skip
add(
    "newlines and quotes in values",
    "order/letter.csv",
    HEAD + '1,"Dear all,\n\nthanks, and all that, for it, and so on.\nX",1\n',
    1,
)
add(
    "unbalanced quotes",
    "order/backslash before quotes.csv",
    HEAD + '1,"say \\"hi\\", ok",1\n2,b,2\n',
    1,
    rejected=1,
    why="text follows a closing quote",
    line=2,
)
add(
    "unbalanced quotes",
    "order/wrong quotes before a line break.csv",
    HEAD + '1,"bad"x,"multi\nline"\n2,b,2\n',
    1,
    rejected=1,
    why="text follows a closing quote",
    line=2,
)
add("unbalanced quotes", "order/single quotes.csv", HEAD + "1,'x, y',1\n2,b,2\n", 1, rejected=1,
    why="has 4 fields")  # fmt: skip
SWALLOWED = "".join(f"{n},n,{n}\n" for n in range(4, 10_003))
refused(
    "unbalanced quotes",
    "order/opens in row 3 and closes 10,000 rows later.csv",
    HEAD + '1,a,1\n2,b,2\n3,"abc,3\n' + SWALLOWED + '10003,x",5\n10004,z,6\n',
    "on line 4 closes many lines later",
    10_004,
    line=4,
)
refused(
    "unbalanced quotes",
    "order/opens twice.csv",
    HEAD + '1,a,1\n2,b,2\n3,"abc,3\n' + SWALLOWED + '10003,"x",5\n10004,z,6\n',
    "on line 4 closes many lines later",
    10_004,
    line=4,
)
refused(
    "unbalanced quotes",
    "order/opens and closes within a few rows.csv",
    HEAD + '1,a,1\n2,"b,2\n3,c,3\n4,d,4\n5,e",5\n6,f,6\n',
    "on line 3 closes many lines later",
    6,
    line=3,
)
refused("unbalanced quotes", "order/never closed.csv", HEAD + '1,x,1\n2,"y,2\n', "never closed", 2)
refused(
    "unbalanced quotes", "order/never closed at the end.csv", TWO + '3,"', "never closed", 3, line=4
)
add("ragged rows", "order/too few fields.csv", TWO + "3,z\n4,w,4\n", 3, rejected=1, why=FIELDS)
add(
    "ragged rows", "order/too many fields.csv", TWO + "3,z,3,3\n", 2, rejected=1, why="has 4 fields"
)
add("ragged rows", "order/unquoted comma.csv", HEAD + "1,Doe, Jane,1\n", rejected=1, why=FIELDS)
add("ragged rows", "order/empty record.csv", TWO + ",,\n", 2, rejected=1, why="key column order_id")
add("ragged rows", "order/line of spaces.csv", TWO + "   \n3,z,3\n", 3, rejected=1, why=FIELDS)
add("trailing delimiter", "order/in the records.csv", HEAD + "1,x,1,\n2,y,2,\n", 2)
add("trailing delimiter", "order/also in the header.csv", "order_id,amount,\n1,2,\n2,3,\n", 2)
add("trailing delimiter", "order/several.csv", "order_id,amount,,\n1,2,,\n2,3,,\n", 2)
add(
    "trailing delimiter", "order/with a value.csv", "order_id,amount,\n1,2,\n2,3,4\n", 1, rejected=1
)
for label, delimiter in (("semicolon", ";"), ("tab", "\t"), ("bar", "|")):
    add("delimiters", f"order/{label}.csv", TWO.replace(",", delimiter), 2)
add("delimiters", "order/sep line.csv", "sep=;\r\norder_id;amount\r\n1;2,5\r\n2;3\r\n", 1,
    rejected=1, why=NUMBER)  # fmt: skip
add("delimiters", "order/header with others.csv", "order_id;note;amount\n1,x,1\n2,y,2\n",
    rejected=2, why=FIELDS)  # fmt: skip
add("delimiters", "order/one record with others.csv", TWO + "3;z;3\n", 2, rejected=1, why=FIELDS)

# --- headers and columns -------------------------------------------------------------------------
refused("wrong header", "order/no header.csv", "1,x,1\n2,y,2\n", "Line 1 is not the header", 1)
refused("wrong header", "order/of another table.csv", "a,b\n1,2\n", "is not the header of order", 1)
refused("wrong header", "order/JSON.csv", '[{"order_id": 1}]\n', "is not the header")
refused("shifted header", "order/title.csv", "Orders of May\n\n" + TWO, "Line 3 looks like", 2)
refused("shifted header", "order/units above.csv", "Order,,EUR\n" + TWO, "Line 2 looks like", 2)
refused(
    "three header rows",
    "order/two titles.csv",
    "Orders\nall shops,,\n" + TWO,
    "Line 3 looks like the header",
    2,
)
add("two header rows", "order/units below.csv", HEAD + "(id),(text),(EUR)\n1,x,1\n", 1, rejected=1)
add("two header rows", "order/repeated.csv", HEAD + HEAD + "1,x,1\n", 1, rejected=1,
    why="repeats the header", line=2)  # fmt: skip
add("three header rows", "order/units and types below.csv",
    HEAD + "key,text,money\n(id),(text),(EUR)\n1,x,1\n", 1, rejected=2, why=NUMBER)  # fmt: skip
add("two header rows", "order/files joined.csv", TWO + HEAD + "3,z,3\n", 3, rejected=1,
    why="repeats the header", line=4)  # fmt: skip
refused("duplicate columns", "order/twice.csv", "order_id,amount,amount\n1,2,3\n", "twice", 1)
refused(
    "duplicate columns", "order/in other case.csv", "Order_ID,order_id,amount\n1,2,3\n", "twice", 1
)
refused("missing columns", "order/required.csv", "order_id,note\n1,x\n2,y\n", '"amount"', 2)
refused("missing columns", "order/only the key.csv", "order_id\n1\n", '"amount"', 1)
refused(
    "missing columns", "order/unnamed.csv", "order_id,,amount\n1,x,2\n", "no name for column 2", 1
)
add("missing columns", "order/optional.csv", "order_id,amount\n1,2\n", 1)
refused("renamed columns", "order/plural.csv", "order_id,amounts\n1,2\n", '"amount"', 1)
refused(
    "renamed columns", "order/hard space inside.csv", "order\u00a0id,amount\n1,2\n", '"order_id"', 1
)
add("reordered columns", "order/reordered.csv", "amount,order_id\n2,1\n", 1,
    holds=("select order_id || amount from {rows}", "12"))  # fmt: skip
add("reordered columns", "order/in capitals.csv", "ORDER_ID,AMOUNT\n1,2\n", 1)
add("reordered columns", "order/hard spaces around.csv", "\u00a0order_id\u00a0, amount\n1,2\n", 1)
add("reordered columns", "order/zero-width space.csv", "order_id\u200b,amount\n1,2\n", 1)
add("extra columns", "order/extra.csv", "order_id,amount,colour\n1,2,red\n", 1,
    holds=("select colour from {rows}", "red"))  # fmt: skip
WIDE = [f"c{n}" for n in range(1998)]
refused(
    "extra columns", "text/2001 columns.csv", ",".join(["a", *WIDE, "y", "z"]) + "\n1\n", "2,001", 1
)
refused(
    "extra columns",
    "order/reserved.csv",
    "order_id,amount,_row_number\n1,2,3\n",
    "keeps that name",
    1,
)
add("report footers", "order/total.csv", TWO + "Total: 2 rows\n", 2, rejected=1, why=FIELDS, line=4)
add("report footers", "order/sum.csv", TWO + ",,3\n", 2, rejected=1, why="key column", line=4)
add("report footers", "order/generated by.csv", TWO + "\n\nGenerated by X\nPage 1 of 1\n", 2,
    rejected=2, why=FIELDS, line=6)  # fmt: skip

# --- numbers -------------------------------------------------------------------------------------
for label, text in (
    ("thousands separator", "1,234.50"),
    ("German", "1.234,50"),
    ("Swiss", "1'234.50"),
    ("spaced", "1 234"),
    ("hard space", "1\u00a0234"),
    ("underscore", "1_000"),
):
    one_amount("thousands separators", label, text, None)
for label, text in (
    ("euro", "€5"),
    ("dollar", "$5"),
    ("euro behind", "1.234,50 €"),
    ("code", "5 EUR"),
):
    one_amount("currency signs", label, text, None)
one_amount("decimal comma", "comma", "12,5", None)
for label, text in (
    ("in parentheses", "(1,234.50)"),
    ("per cent", "12%"),
    ("minus behind", "5-"),
    ("true minus", "\u22125"),
    ("hexadecimal", "0x1F"),
    ("Arabic digits", "٣"),
    ("not a number", "NaN"),
    ("infinite", "Infinity"),
    ("too large", "1e400"),
    ("too long", "9" * 40),
    ("point alone", "."),
):
    one_amount("numbers", label, text, None)
for label, text in (
    ("exponent", "1e5"),
    ("plus", "+5"),
    ("leading zeros", "00012"),
    ("point first", ".5"),
    ("point last", "5."),
    ("spaces around", " 7 "),
    ("many digits", "123456789012345.0123456789"),
    ("negative", "-0.01"),
):
    one_amount("numbers", label, text, text)
for text in ("NULL", "N/A", "-", "n/a", "None", "nan", "#N/A", "#REF!", "?"):
    label = text.replace("/", " ").replace("?", "question mark")
    one_amount("nothing in words", label, text, None)
add("nothing in words", "order/empty strings.csv", 'order_id,note,amount\n1,"",1\n2,,2\n', 2,
    holds=("select count(note) from {rows}", 0))  # fmt: skip
add("nothing in words", "order/NULL in a text.csv", HEAD + "1,NULL,1\n", 1,
    holds=("select note from {rows}", "NULL"))  # fmt: skip
add("nothing in words", "order/null in a key.json", '[{"order_id": null, "amount": 1}]', rejected=1,
    why="key column")  # fmt: skip
for label, text, good in (
    ("fraction", "1.5", False),
    ("exponent", "1e3", False),
    ("whole", "12.0", True),
):
    one_value(
        "numbers", label, "pieces", text, good, "" if good else "is not a whole number", "order"
    )
for label, text, good in (
    ("ja", "ja", False),
    ("2", "2", False),
    ("Yes", "Yes", True),
    ("X", "X", False),
):
    one_value(
        "numbers", label, "is_paid", text, good, "" if good else "is not true or false", "order"
    )

# --- ids -----------------------------------------------------------------------------------------
add("ids", "order/1.03E+13.csv", HEAD + "1.03E+13,x,1\n", 1,
    holds=("select order_id from {rows}", "1.03E+13"))  # fmt: skip
add("ids", "order/15 and 18 characters.csv",
    HEAD + "0015g00000ABCDE,x,1\n0015g00000ABCDEAA4,y,2\n", 2)  # fmt: skip
add(
    "ids",
    "order/leading zeros.csv",
    HEAD + "00017,x,1\n",
    1,
    holds=("select order_id from {rows}", "00017"),
)
add("ids", "order/long number.json", '[{"order_id": 12345678901234567890123, "amount": 1}]', 1,
    holds=("select order_id from {rows}", "12345678901234567890123"))  # fmt: skip
add("ids", "order/case.csv", HEAD + "abc,x,1\nABC,y,2\n", 2,
    holds=("select count(distinct order_id) from {rows}", 2))  # fmt: skip
add("ids", "order/spaces.csv", HEAD + "  ,x,1\n2,y,2\n", 1, rejected=1, why="key column order_id")

# --- dates ---------------------------------------------------------------------------------------
# Every shape that the third-party files have, in a column of local times of Berlin.
for label, text, good in (
    ("iso", "2022-12-27", True),
    ("space", "2019-07-05 20:35:26", True),
    ("milliseconds", "2019-09-10 22:01:17.446", True),
    ("microseconds", "2023-06-08 23:22:50.048000", True),
    ("UTC in words", "2020-06-01 15:25:50.633 UTC", True),
    ("microseconds UTC", "2023-11-11 08:18:16.519000 UTC", True),
    ("T", "2023-11-02T11:00:00", True),
    ("Z", "2020-03-05T05:04:14.920Z", True),
    ("offset without colon", "2024-01-19T09:42:24.000+0000", True),
    ("one digit of the hour", "2020-12-30 3:15:52", False),
    ("American", "10/20/2016", False),
    ("American with time", "11/1/2019 8:51:12", False),
    ("two digits of the year", "02/23/26", False),
    ("without separators", "19970101", False),
    ("Unix seconds", "1738310400", False),
    ("named month", "31-Dec-2025", False),
    ("points", "31.12.2025", False),
    ("impossible day", "2025-02-30 10:00:00", False),
    ("impossible month", "2025-13-01", False),
    ("hour 24", "2025-01-01T24:00:00", False),
    ("zero date", "0000-00-00 00:00:00", False),
    ("zone in words", "2025-01-31T08:00:00 CET", False),
    ("leap second", "2025-01-31T08:00:60Z", False),
    ("infinity", "infinity", False),
):
    kind = (
        "impossible dates"
        if label.startswith(("impossible", "zero", "hour", "leap"))
        else "date shapes"
    )
    one_value(kind, label, "local_at", text, good, "" if good else "is not an instant")
for label, text in (("gap", "2025-03-30 02:30:00"), ("overlap", "2025-10-26 02:30:00")):
    one_value("clock changes", label, "local_at", text, True)
for label, text, good in (
    ("two digits", "10/20/2016", True),
    ("one digit", "3/1/2017", True),
    ("day first", "31/12/2025", False),
    ("iso", "2025-12-31", False),
    ("29 February", "2/29/2025", False),
):
    one_value("date shapes", label, "american", text, good, "" if good else "declared form")
add(
    "date shapes",
    "visit/both orders of day and month.csv",
    "id,american\n1,12/31/2025\n2,31/12/2025\n3,5/6/2025\n",
    2,
    rejected=1,
    why="declared form",
    line=3,
)
one_value("date shapes", "one digit of the hour", "stamp", "11/1/2019 8:51:12", True)
for label, text, good in (
    ("serial number of Excel", "45688", False),
    ("day and month", "31/12/2025", False),
    ("month and day", "12/31/2025", False),
    ("without zeros", "2025-1-5", False),
    ("without separators", "20251231", False),
    ("midnight", "2025-12-31T00:00:00Z", True),
    ("later in the day", "2025-12-31T08:00:00Z", False),
    ("far future", "9999-12-31", True),
    ("five digits of the year", "12025-01-01", False),
    ("30 February", "2025-02-30", False),
):
    kind = "far dates" if "far" in label or "five" in label else "date shapes"
    one_value(
        kind,
        label,
        "due_date",
        text,
        good,
        "" if good else "is not a date of the calendar",
        "order",
    )
for label, text, good in (
    ("seconds", "1738310400", True),
    ("milliseconds", "1738310400000", False),
):
    one_value("date shapes", label, "epoch_at", text, good, "" if good else "number of seconds")
for label, text, good in (
    ("short", "8:30", True),
    ("24:30", "24:30", False),
    ("with am", "8:30 am", False),
):
    one_value(
        "date shapes", label.replace(":", ""), "opens", text, good, "" if good else "time of day"
    )

# --- JSON ----------------------------------------------------------------------------------------
A, B = '{"order_id": 1, "amount": 1.10}', '{"order_id": 2, "amount": 2}'
add("JSON shapes", "order/array.json", f"[{A}, {B}]", 2)
add("JSON shapes", "order/array.jsonl", f"[{A},\n{B}]", 2)
add("JSON shapes", "order/lines.json", f"{A}\n{B}\n", 2)
add("JSON shapes", "order/lines.ndjson", f"\n{A}\n\n{B}", 2)
add(
    "JSON shapes",
    "order/objects side by side.json",
    A + B,
    2,
    holds=("select string_agg(amount, ' ' order by _row_number) from {rows}", "1.10 2"),
)
add("JSON shapes", "order/pretty objects.json", json.dumps(json.loads(A), indent=2) + "\n" + B, 2)
add("JSON shapes", "order/pretty objects.jsonl", json.dumps(json.loads(A), indent=2) + "\n" + B, 2)
add("JSON shapes", "order/one object.json", A, 1)
add("JSON shapes", "order/one object.jsonl", A, 1)
add("JSON shapes", "order/arrays side by side.json", f"[{A}] [{B}]", 2)
add(
    "JSON shapes",
    "order/page.json",
    f'{{"object": "list", "data": [{A}, {B}], "has_more": false}}',
    2,
)
add(
    "JSON shapes",
    "page/pages side by side.json",
    '{"tickets": [{"id": 1}]}\n{"tickets": [{"id": 2}]}',
    2,
)
add(
    "JSON shapes",
    "page/pages side by side.jsonl",
    '{"tickets": [{"id": 1}]}\n{"tickets": [{"id": 2}]}',
    2,
)
add("JSON shapes", "page/one record.json", '{"id": 1, "subject": "x"}', 1)
refused(
    "JSON shapes",
    "page/array of pages.json",
    '[{"tickets": [{"id": 1}]}]',
    "none of the columns",
    1,
)
add("JSON shapes", "order/packed.json.gz", gzip.compress(f"[{A}, {B}]".encode()), 2)
add(
    "JSON shapes", "order/packed.jsonl.gz", gzip.compress(f"{A}\n{B}\n{{\n".encode()), 2, rejected=1
)
refused("JSON shapes", "order/null.json", "null", "not a list of records", 1)
refused("JSON shapes", "order/text.json", '"x"', "not a list of records", 1)
refused("JSON shapes", "order/web page.json", "<!DOCTYPE html><p>Log in", "a web page")
refused("broken pages", "page/error.json", '{"error": "RateLimited"}', '"tickets"', 1)
refused("broken pages", "order/array breaks off.json", f'[{A}, {B}, {{"ord', "broken off", 3)
refused("broken pages", "order/array without its end.json", f"[{A}, {B}", "broken off", 2)
refused("broken pages", "order/page breaks off.json", f'{{"data": [{A}, {B}, {{', "broken off", 3)
refused("broken pages", "order/comma at the end.json", f"[{A}, {B},]", "at line 1", 2)
refused("broken pages", "order/comment.json", f"[{A}, // x\n{B}]", "at line 1", 2)
add("broken pages", "order/last line breaks off.jsonl", f'{A}\n{B}\n{{"ord', 2, rejected=1,
    why="not valid JSON", line=3)  # fmt: skip
add(
    "broken pages",
    "order/commas at the ends.jsonl",
    f"{A},\n{B},\n",
    rejected=2,
    why="not valid JSON",
)
add("overlapping pages", "page/first.json", '{"tickets": [{"id": 1}, {"id": 2}]}', 2)
add("overlapping pages", "page/second.json", '{"tickets": [{"id": 2}, {"id": 3}]}', 2)
add("one bad line", "order/in the middle.jsonl", f"{A}\n{{oops\n{B}\n", 2, rejected=1, line=2)
add("one bad line", "order/the first.jsonl", f"{{oops\n{A}\n{B}\n", 2, rejected=1, line=1)
add("one bad line", "order/among many.csv",
    HEAD + "".join(f"{n},x,{n if n != 7_777 else 'oops'}\n" for n in range(1, 10_001)), 9_999,
    rejected=1, why=NUMBER, line=7_778)  # fmt: skip
add(
    "one bad line",
    "order/no number.json",
    f'[{A}, {{"order_id": 2, "amount": NaN}}]',
    1,
    rejected=1,
)
add(
    "nested keys",
    "order/nested.json",
    '[{"order_id": 1, "amount": {"value": 5}}]',
    rejected=1,
    why=NUMBER,
)
add(
    "nested keys",
    "order/kept whole.json",
    '[{"order_id": 1, "amount": 1, "extra": {"a": [1.50]}}]',
    1,
    holds=("select extra from {rows}", '{"a":[1.50]}'),
)
refused("nested keys", "text/too deep.json", "[" * 100_000, "nested too deeply", 1)
add(
    "nested keys",
    "text/deep in one line.jsonl",
    f'{{"a": {"[" * 5000}{"]" * 5000}}}\n{{"a": 2}}\n',
    2,
)
add(
    "JSON shapes", "page/empty page and another.json", '{"tickets": []} {"tickets": [{"id": 1}]}', 1
)
add("JSON shapes", "order/escaped name.jsonl", '{"order\\u005fid": 1, "amount": 2}\n', 1)
refused("wrong ending", "order/packed twice.csv.gz", gzip.compress(PACKED_ONE), "a gzip file")
add("line ends", "order/LF CR.csv", TWO.replace("\n", "\n\r"), 2)
refused("shifted header", "order/comment.csv", "# exported\n" + TWO, "Line 2 looks like", 2)
add(
    "missing keys",
    "order/in one record.json",
    f'[{A}, {{"amount": 2}}]',
    1,
    rejected=1,
    why="key column",
)
refused(
    "missing keys",
    "order/in every record.json",
    '[{"order_id": 1}, {"order_id": 2}]',
    '"amount"',
    2,
)
refused("missing keys", "order/no key at all.json", "[{}, {}]", '"order_id"', 2)
add(
    "missing keys",
    "order/empty name.jsonl",
    f'{A}\n{{"order_id": 2, "amount": 1, "": 3}}\n',
    1,
    rejected=1,
)
add(
    "keys in other case",
    "order/in another record.jsonl",
    f'{A}\n{{"Order_ID": 2, "Amount": 2}}\n',
    2,
    holds=("select count(order_id) from {rows}", 2),
)
add(
    "keys in other case",
    "order/in the same record.jsonl",
    f'{A}\n{{"order_id": 2, "ORDER_ID": 2, "amount": 2}}\n',
    1,
    rejected=1,
    why="a key twice",
    line=2,
)
add(
    "keys in other case",
    "order/written twice.json",
    f'[{A}, {{"order_id": 2, "order_id": 3, "amount": 2}}]',
    1,
    rejected=1,
    why="a key twice",
)
add("JSON shapes", "order/elements that are no objects.json", f"[{A}, 5, null, [1]]", 1, rejected=3,
    why="not a JSON object")  # fmt: skip

add("JSON shapes", "order/one of the objects is none.json", f"{A} {{}} {B}", 2, rejected=1)
refused("JSON shapes", "order/a number between.json", f"{A} 7 {B}", "not a list of records", 3)
add(
    "JSON shapes",
    "page/an error among pages.json",
    '{"tickets": [{"id": 1}]} {"error": 5}',
    1,
    rejected=1,
)

# --- packed files, endings -----------------------------------------------------------------------
PACKED = gzip.compress(
    (HEAD + "".join(f"{n},{n * n * 7919 % 10007},1\n" for n in range(5000))).encode()
)
add(
    "packed files",
    "order/two parts.csv.gz",
    gzip.compress(ONE.encode()) + gzip.compress(b"2,y,2\n"),
    2,
)
add("packed files", "order/in capitals.CSV.GZ", gzip.compress(ONE.encode()), 1)
refused("truncated gzip", "order/the sum is missing.csv.gz", PACKED[:-8], "broken or cut off", 5000)
refused("truncated gzip", "order/only the beginning.csv.gz", PACKED[:9], "broken or cut off")
refused("truncated gzip", "order/not packed.csv.gz", ONE, "broken or cut off")
refused(
    "truncated gzip",
    "order/with something behind.csv.gz",
    gzip.compress(ONE.encode()) + b"xx",
    "broken",
    1,
)
refused("wrong ending", "order/packed.csv", gzip.compress(ONE.encode()), "a gzip file")
refused("wrong ending", "order/Parquet.csv", b"PAR1....", "a Parquet file")
refused("wrong ending", "order/Excel.csv", b"PK\x03\x04....", "an Excel workbook")
refused("wrong ending", "order/old Excel.csv", b"\xd0\xcf\x11\xe0....", "an old Excel workbook")
refused("wrong ending", "order/PDF.csv", b"%PDF-1.7....", "a PDF")
refused("wrong ending", "order/web page.csv", "\n <HTML><body>", "a web page")
refused("wrong ending", "order/XML.csv", "<?xml version='1.0'?>", "XML")
refused("wrong ending", "order/CSV.json", ONE, "not valid JSON")
refused("wrong ending", "order/CSV.parquet", ONE, "not readable as Parquet")

# --- values that only a check can judge: they load ------------------------------------------------
add(
    "far dates",
    "order/in 200 years.csv",
    "order_id,amount,ordered_at\n1,2,2225-01-01T00:00:00Z\n",
    1,
)
add("the same rows", "order/once.csv", TWO, 2)
add("the same rows", "order/again under another name.csv", TWO, 2)
add("the same rows", "order/in another order.csv", HEAD + "2,y,2\n1,x,1\n", 2)
add("the same rows", "order/twice in a file.csv", TWO + "1,x,1\n", 3)

# What no single file shows: the kind -> the test, as file::name or file::text in it.
ELSEWHERE = {
    "a directory without permission": "ingest/test_corpus.py::test_a_folder_that_cannot_be_listed",
    "a gzip bomb": "ingest/test_load.py::test_a_cut_off_gzip_and_a_gzip_bomb_are_rejected",
    "a line of a gigabyte": "ingest/test_corpus.py::test_a_line_without_end",
    "a file still being written": "ingest/test_load.py::test_a_file_that_grows_during_the_run",
    "links out of landing": "ingest/test_load.py::test_a_link_that_leaves_landing_is_not_followed",
    "hostile file names": "ingest/test_load.py::test_a_hostile_file_name_is_only_a_name",
    "hostile column names": "ingest/test_load.py::test_a_hostile_header_is_only_a_name",
    "2000 columns": "ingest/test_corpus.py::test_two_thousand_columns",
    "parquet of other types": "ingest/test_corpus.py::test_parquet_of_other_types",
    "the same file twice": "ingest/test_load.py::test_the_same_bytes_again_change_nothing",
    "a corrected file": "ingest/test_load.py::test_a_corrected_file_under_the_same_name",
    "a shrinking full export": "quality/test_gate.py::test_a_shrinking_export_warns",
    "ids rewritten by a spreadsheet": "quality/test_gate.py::test_ids_rewritten_by_a_spreadsheet",
    "implausible dates": "quality/test_gate.py::test_required_values_and_dates_warn",
    "15- and 18-character ids": "quality/test_gate.py::test_both_forms_of_a_salesforce_id",
    "an NPS of 11": "quality/test_critical.py::test_warnings_are_seen_and_do_not_block",
    "negative durations": "quality/test_bad_rows.py::negative durations",
    "a currency without a rate": "quality/cases.py::NO_RATE",
    "minor units of JPY and KWD": "staging/test_stripe_exports.py::kwd",
    "cycles of merges": "quality/cases.py::MERGE_CYCLE",
    "overlapping validity": "quality/cases.py::overlapping_intervals",
    "splits that do not add up": "quality/cases.py::shares_add_up",
    "keys that clash between sources": "agreement/test_late_data.py::clash_between_sources",
    "rows in another order, or repeated": "agreement/test_late_data.py::test_any_partition",
}
