"""How runs look to people: tables, diffs, live progress."""
