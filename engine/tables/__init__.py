"""Decision tables: cells, hit policies, evaluation on columns, explanation, spreadsheets."""

from engine.tables.policies import Lists, TableResult
from engine.tables.table import DecisionTable

__all__ = ["DecisionTable", "Lists", "TableResult"]
