"""Write tables of any length to CSV, JSON Lines, XLSX and Parquet, in batches, so that memory stays flat."""
