"""The questions that people ask of history, and the SQL that answers them, without HTTP."""
