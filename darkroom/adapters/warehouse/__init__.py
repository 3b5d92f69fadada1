"""DuckDB: one writer, a published snapshot for everybody else."""
