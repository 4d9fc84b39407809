"""Bring facts into the store: read files, clean rows, create and update, account for every row, undo.

`load_mapping` says how a file's columns become facts, `import_file` and `import_rows` bring them in, `rejected` lists
what was refused, `undo` takes a batch back, `void` takes one fact out of every feature, `void_rows` many, `amend_rows` changes
single fields of many.
"""

from engine.store.ingest.amends import amend_rows
from engine.store.ingest.batches import UndoReport, rejected, undo
from engine.store.ingest.files import Progress, import_file
from engine.store.ingest.mapping import Mapping, any_mapping, built_in_mappings, load_mapping
from engine.store.ingest.report import ImportReport
from engine.store.ingest.rows import import_numbered, import_rows
from engine.store.ingest.voids import unvoid, void, void_rows

__all__ = [
    "ImportReport",
    "Mapping",
    "Progress",
    "UndoReport",
    "amend_rows",
    "any_mapping",
    "built_in_mappings",
    "import_file",
    "import_numbered",
    "import_rows",
    "load_mapping",
    "rejected",
    "undo",
    "unvoid",
    "void",
    "void_rows",
]
