"""What other programs read of files.

Takes the names of files, one a line, and answers each with a line of JSON: {"by": program, "rows": [[value, …], …]}, with "header": whether the first of the
rows is one, where the program says it; of JSON {"by": …, "records": […]}; {"by": …, "error": …} where it does not read the file. A file is read in a process of
its own, with limits: some are made to harm whoever reads them.
"""

import datetime
import decimal
import json
import os
import resource
import signal
import sys
import uuid

import duckdb
import openpyxl
import pyarrow
import pyarrow.parquet
import python_calamine
import xlrd

MEMORY = 6 * 1024**3
SECONDS = 20


def plain(value):
    """The value as JSON: dates in ISO 8601, durations in days, decimals as text, bytes in hexadecimal."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if value - value == 0 else {"float": repr(value)}
        case decimal.Decimal():
            return format(value, "f")
        case datetime.datetime():
            return value.isoformat(" ")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case datetime.timedelta():
            return value.total_seconds() / 86400
        case bytes():
            return "\\x" + value.hex()
        case uuid.UUID():
            return str(value)
        case dict():
            return {str(name): plain(member) for name, member in value.items()}
        case [tuple(), *_] if all(isinstance(element, tuple) for element in value):
            return plain_map(value)
        case list() | tuple():
            return [plain(element) for element in value]
    return str(value)


def plain_map(pairs):
    """An object where all keys are text, as Spillway does it."""
    if all(isinstance(key, str) for key, _ in pairs):
        return {key: plain(value) for key, value in pairs}
    return [{"key": plain(key), "value": plain(value)} for key, value in pairs]


def answer_beside(path):
    """csv-spectrum keeps the answer of csvs/NAME.csv in json/NAME.json."""
    folder, name = os.path.split(path)
    answer = os.path.join(os.path.dirname(folder), "json", os.path.splitext(name)[0] + ".json")
    return answer if os.path.basename(folder) == "csvs" and os.path.exists(answer) else None


def read_answer(path):
    with open(path, encoding="utf-8") as file:
        records = json.load(file)
    names = list(records[0]) if records else []
    return {"by": "its answer", "header": True, "rows": [names] + [[record[name] for name in names] for record in records]}


def read_csv(path):
    """Its way of writing is sniffed with all types, and then read as text: what is compared is what the file has."""
    connection = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
    lenient = "strict_mode = false, ignore_errors = true, null_padding = true, parallel = false"
    # What is right for most comes first. One column is what it makes of what it does not understand.
    found, last = None, None
    for options in ("strict_mode = true", "null_padding = true, parallel = false", lenient, lenient + ", encoding = 'CP1252'"):
        try:
            header = connection.execute(f"select HasHeader from sniff_csv(?, {options})", [path]).fetchone()[0]
            rows = connection.execute(f"select * from read_csv(?, header = {header}, all_varchar = true, {options})", [path])
            names = [column[0] for column in rows.description]
            if found is None or len(names) > 1:
                found = {"by": "DuckDB", "header": header, "rows": ([names] if header else []) + [list(row) for row in rows.fetchall()]}
            if len(names) > 1:
                break
        except duckdb.Error as error:
            last = error
    if found is None:
        raise last
    return found


def read_json(path):
    with open(path, encoding="utf-8-sig") as file:
        text = file.read()
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {"by": "Python", "records": [json.loads(line) for line in text.splitlines() if line.strip()]}
    return {"by": "Python", "records": value if isinstance(value, list) else [value]}


def read_parquet(path):
    # Nanoseconds would not reach far beyond the year 2262.
    table = pyarrow.parquet.ParquetFile(path, coerce_int96_timestamp_unit="us").read(use_threads=False)
    columns = []
    for column in table.columns:
        if pyarrow.types.is_timestamp(column.type) and column.type.unit == "ns":
            column = column.cast(pyarrow.timestamp("us", column.type.tz), safe=False)
        try:
            columns.append(column.to_pylist())
        except OverflowError:
            # Python's own dates end with the year 9999.
            columns.append(column.cast(pyarrow.string()).to_pylist())
    return {"by": "pyarrow", "header": True, "rows": [table.column_names] + [list(row) for row in zip(*columns)]}


def read_workbook(path):
    """The first sheet that can be seen and has cells."""
    book = openpyxl.load_workbook(path, data_only=True)
    sheet = next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), book.worksheets[0])
    return {"by": "openpyxl", "rows": [list(row) for row in sheet.iter_rows(values_only=True)]}


def read_old_workbook(path):
    book = xlrd.open_workbook(path)
    sheet = next((sheet for sheet in book.sheets() if sheet.visibility == 0), book.sheet_by_index(0))
    return {"by": "xlrd", "rows": [[old_value(book, cell) for cell in sheet.row(number)] for number in range(sheet.nrows)]}


def old_value(book, cell):
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, book.datemode)
        except (ValueError, OverflowError):
            return cell.value
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    return xlrd.error_text_from_code.get(cell.value) if cell.ctype == xlrd.XL_CELL_ERROR else cell.value


def read_other_workbook(path):
    book = python_calamine.CalamineWorkbook.from_path(path)
    visible = [sheet.name for sheet in book.sheets_metadata if "Visible" in str(sheet.visible) and "WorkSheet" in str(sheet.typ)]
    return {"by": "calamine", "rows": book.get_sheet_by_name((visible or book.sheet_names)[0]).to_python(skip_empty_area=False)}


READERS = {
    "csv": read_csv, "tsv": read_csv, "gz": read_csv, "json": read_json, "jsonl": read_json, "ndjson": read_json, "parquet": read_parquet, "encrypted": read_parquet,
    "xlsx": read_workbook, "xlsm": read_workbook, "xls": read_old_workbook, "xlsb": read_other_workbook, "ods": read_other_workbook,
}
NAMES = {
    read_csv: "DuckDB", read_json: "Python", read_parquet: "pyarrow", read_workbook: "openpyxl", read_old_workbook: "xlrd", read_other_workbook: "calamine",
}


def read(path):
    reader = READERS[path.rsplit(".", 1)[-1].lower()]
    answer = answer_beside(path)
    if answer:
        return plain(read_answer(answer))
    signal.alarm(SECONDS)
    found = attempt(reader, path)
    if "error" in found and reader in (read_workbook, read_old_workbook):
        signal.alarm(SECONDS)
        again = attempt(read_other_workbook, path)
        return found if "error" in again else again
    return found


def attempt(reader, path):
    try:
        return plain(reader(path))
    # Whatever it is: a library that fails at a file does not read it.
    except BaseException as error:
        return {"by": NAMES[reader], "error": " ".join(f"{type(error).__name__}: {error}".split())[:200]}


def out_of_time(*_):
    raise TimeoutError(f"more than {SECONDS} s")


def read_apart(path):
    """Reads in a process of its own."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        # Libraries print what they think of a file.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.signal(signal.SIGALRM, out_of_time)
        with os.fdopen(theirs, "w", encoding="utf-8") as out:
            json.dump(read(path), out)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    return text if status == 0 else json.dumps({"by": NAMES[READERS[path.rsplit(".", 1)[-1].lower()]], "error": f"the process ended with {status}"})


if __name__ == "__main__":
    for line in sys.stdin:
        print(read_apart(line.rstrip("\n")), flush=True)
