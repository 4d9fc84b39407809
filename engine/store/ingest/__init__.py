"""Bring facts into the store: read files, clean rows, create and update, account for every row, undo.

`load_mapping` says how a file's columns become facts, `import_file` and `import_rows` bring them in, `rejected` lists
what was refused, `undo` takes a batch back.
"""

from engine.store.ingest.files import Progress, import_file
from engine.store.ingest.mapping import Mapping, built_in_mappings, load_mapping
from engine.store.ingest.report import ImportReport

__all__ = ["ImportReport", "Mapping", "Progress", "built_in_mappings", "import_file", "load_mapping"]
