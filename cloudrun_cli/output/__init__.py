"""How a value is shown: formats, filters, tables, progress."""
