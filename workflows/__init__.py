"""The language, the plan and the interpreter: pure and deterministic. Opens nothing, reads no clock."""
