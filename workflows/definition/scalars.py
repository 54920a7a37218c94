"""Plain scalars: what YAML 1.2 core makes of them, and which of them YAML 1.1 would read differently.

The rule for both: the core schema of YAML 1.2.2, section 10.3.2, against the types of YAML 1.1 (yaml.org/type) as
PyYAML and older tools resolve them. What they disagree about is refused, so that an editor, `yq` and netsaga agree.
"""

import re
from typing import Final

_CONSTANTS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")
_NUMBER_START: Final = frozenset("0123456789+-.")

_WORDS: Final = {
    word: value
    for value, words in ((True, ("yes", "on", "y")), (False, ("no", "off", "n")))
    for low in words
    for word in (low, low.capitalize(), low.upper())
}
_SEXAGESIMAL: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_SEXAGESIMAL_INTEGER: Final = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+")
_OCTAL: Final = re.compile(r"[-+]?0[0-9_]+")
_NEW_OCTAL: Final = re.compile(r"[-+]?0o[0-7]+")
_BINARY: Final = re.compile(r"[-+]?0b[01_]+")
_SIGNED_HEX: Final = re.compile(r"[-+]0x[0-9a-fA-F_]+|0x[0-9a-fA-F_]*_[0-9a-fA-F_]*")
_UNDERSCORED: Final = re.compile(r"[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]*[0-9](?:[eE][-+]?[0-9]+)?_*")
_EXPONENT: Final = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ ]+)[0-9].*)?")
_LONGEST_NUMBER: Final = 18  # digits; any of these fits 64 bits
_DIGITS: Final = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+")
_NOT_JSON: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar in YAML 1.2's core schema; call `doubt` first."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _LONGEST_NUMBER else text
    if _HEX.fullmatch(text):
        return int(text, 16) if len(text) <= _LONGEST_NUMBER else text
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def doubt(text: str) -> tuple[str, str] | None:
    """Why a plain scalar is refused, with the fix; None if both versions of YAML agree about it.

    Returns:
        Message and help.
    """
    if text in _WORDS:
        word = "true" if _WORDS[text] else "false"
        return f"`{text}` is a boolean in YAML 1.1 and text in YAML 1.2", f'write `{word}`, or "{text}" for the text'
    if not text or text[0] not in _NUMBER_START:
        return ("`=` has a meaning of its own in YAML 1.1", 'write "=" in quotes') if text == "=" else None
    return _doubtful_number(text)


def _doubtful_number(text: str) -> tuple[str, str] | None:
    quoted = f'"{text}" for the text'
    if _NOT_JSON.fullmatch(text):
        return f"`{text}` is a number that JSON does not have", f"write a number, or {quoted}"
    if _DATE.fullmatch(text):
        return f"`{text}` is a date in YAML 1.1 and text in YAML 1.2", f'write "{text}" in quotes'
    if ":" in text:
        if _SEXAGESIMAL_INTEGER.fullmatch(text) or ("." in text and _SEXAGESIMAL.fullmatch(text)):
            return f"`{text}` is a number to the base 60 in YAML 1.1 and text in YAML 1.2", f'write "{text}" in quotes'
        return None
    if len(text) > _LONGEST_NUMBER and _DIGITS.fullmatch(text):
        shown = f"{text[:_LONGEST_NUMBER]}\N{HORIZONTAL ELLIPSIS}"
        return (
            f"`{shown}` does not fit 64 bits, and tools disagree about it",
            "write a smaller number, or text in quotes",
        )
    if _BINARY.fullmatch(text) or _SIGNED_HEX.fullmatch(text) or _NEW_OCTAL.fullmatch(text):
        plain = _as_integer(text)
        return f"`{text}` is a number in one version of YAML only", f"write {plain}, or {quoted}"
    if "_" in text and _UNDERSCORED.fullmatch(text):
        plain = text.replace("_", "")
        return f"`{text}` is a number in YAML 1.1 and text in YAML 1.2", f"write {plain}, or {quoted}"
    if _OCTAL.fullmatch(text):
        digits = text.lstrip("+-").lstrip("0") or "0"
        return f"`{text}` is octal in YAML 1.1 and decimal in YAML 1.2", f"write {digits} for the number, or {quoted}"
    if _EXPONENT.fullmatch(text) and not _FLOAT.fullmatch(text):
        return f"`{text}` is text in YAML 1.1 and a number in YAML 1.2", f"write {float(text)!r}, or {quoted}"
    return None


def _as_integer(text: str) -> str:
    try:
        return str(int(text.replace("_", ""), 0))
    except ValueError:
        return "the decimal number"
