"""The store: facts, rules and outcomes in SQLite or PostgreSQL.

Empty on purpose: the reader process imports `engine.store.reader` and must load neither SQLAlchemy nor sqlite3.
"""
