"""Lists of people as files: what their columns are called in each language, and how a file is read."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

FORMULA = ("=", "+", "-", "@", "\t", "\r")
# The heading of each column as the template has it: Spanish, English, French; and what it is called elsewhere.
COLUMNS: dict[str, tuple[str, str, str]] = {
    "email": ("Correo", "E-mail", "E-mail"),
    "first_name": ("Nombre", "First name", "Prénom"),
    "last_name": ("Apellidos", "Last name", "Nom"),
    "mobile": ("Móvil", "Mobile", "Mobile"),
    "sms_country": ("País de los SMS", "Country of text messages", "Pays des SMS"),
    "language": ("Idioma", "Language", "Langue"),
    "time_zone": ("Zona horaria", "Time zone", "Fuseau horaire"),
    "date_format": ("Formato de fecha", "Date format", "Format de date"),
    "role": ("Rol", "Role", "Rôle"),
    "plan": ("Paquete", "Plan", "Forfait"),
}
ALSO = {
    "correoelectronico": "email", "email": "email", "mail": "email", "emailaddress": "email", "adresseemail": "email",
    "direccion": "email", "address": "email", "adresse": "email", "courriel": "email", "apellido": "last_name",
    "surname": "last_name", "lastname": "last_name", "nomdefamille": "last_name", "firstname": "first_name",
    "telefono": "mobile", "phone": "mobile", "telephone": "mobile", "portable": "mobile", "licencia": "plan",
    "license": "plan", "licence": "plan",
}  # fmt: skip
LANGUAGES = {"espanol": "es", "spanish": "es", "espagnol": "es", "ingles": "en", "english": "en", "anglais": "en",
             "frances": "fr", "french": "fr", "francais": "fr"}  # fmt: skip
ROLES = {"usuario": "user", "utilisateur": "user", "administracion": "administrator", "administrador": "administrator",
         "administradora": "administrator", "administration": "administrator", "administrateur": "administrator",
         "administratrice": "administrator", "facturacion": "billing", "facturation": "billing"}  # fmt: skip


def plain(text: str) -> str:
    """Letters and digits alone, without accents, in lower case."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", apart)


HEADINGS = {
    **ALSO,
    **{plain(words): field for field, names in COLUMNS.items() for words in names},
    **{plain(f): f for f in COLUMNS},
}


class Unusable(Exception):
    """A file that cannot be used at all: a code, and the line where that was seen."""

    def __init__(self, code: str, line: int = 0) -> None:
        super().__init__(code)
        self.code, self.line = code, line


@dataclass(frozen=True)
class Sheet:
    """How a file is written."""

    encoding: str
    delimiter: str
    columns: list[str]  # the field of each column; empty text for one that is not known
    unknown: list[str]


class Counted(io.RawIOBase):
    """A file that knows how many bytes were read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.position = file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        data = self.file.read(len(memoryview(buffer)))  # type: ignore[arg-type]
        memoryview(buffer)[: len(data)] = data  # type: ignore[arg-type]
        self.position += len(data)
        return len(data)


def recognize(path: Path) -> Sheet:
    """Encoding, delimiter and columns of a file, read once from end to end in flat memory."""
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as text:
        first = text.readline(20_000)
    found = [(_columns(first, delimiter), delimiter) for delimiter in (",", ";", "\t")]
    (columns, unknown), delimiter = max(found, key=lambda each: sum(map(bool, each[0][0])))
    if "email" not in columns:
        raise Unusable("no_heading", 1)
    if len(set(filter(None, columns))) < len(list(filter(None, columns))):
        raise Unusable("heading_twice", 1)
    return Sheet(encoding, delimiter, columns, unknown)


def _columns(line: str, delimiter: str) -> tuple[list[str], list[str]]:
    try:
        names = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return [], []
    columns = [HEADINGS.get(plain(name), "") for name in names]
    unknown = [
        name.strip()[:60] for name, field in zip(names, columns, strict=True) if name.strip() and not field
    ]
    return columns, unknown[:20]


def _encoding(path: Path) -> str:
    """UTF-8, with or without a mark, or else Windows-1252."""
    with path.open("rb") as file:
        start = file.read(4)
        if start.startswith((b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\xd0\xcf\x11\xe0")) or b"\0" in start:
            raise Unusable("not_a_csv")
        for encoding in ("utf-8-sig", "cp1252"):
            file.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                while chunk := file.read(1 << 20):
                    if b"\0" in chunk:
                        raise Unusable("not_a_csv")
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding
    raise Unusable("not_a_csv")


def rows(file: Counted, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """The lines below the heading that are not empty, each with its number.

    Raises:
        Unusable: a quote is not closed, or stands where none can.
    """
    text = io.TextIOWrapper(io.BufferedReader(file, 1 << 16), encoding=sheet.encoding, newline="")
    reader = csv.reader(text, delimiter=sheet.delimiter, strict=True)
    began = 1
    try:
        for cells in reader:
            if began > 1 and any(cell.strip() for cell in cells):
                yield began, cells
            began = reader.line_num + 1
    except csv.Error as wrong:
        raise Unusable("quotes_not_closed", began) from wrong


def safe(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value


def unsafe(value: str) -> str:
    """What was written with `safe`, as it was."""
    return value[1:] if value.startswith("'") and value[1:].startswith(FORMULA) else value
