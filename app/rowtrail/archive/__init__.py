"""Old months as Parquet files, which are read and proven without a database."""
