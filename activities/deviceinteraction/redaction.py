"""Taking secrets out of text before it leaves the library (device-safety rule 10).

Two nets: the credential's own values, wherever they appear, and the places where network operating systems keep
secrets. It errs on the side of hiding too much. It must not be used on what is sent to a device.
"""

import re
from collections.abc import Iterable

from activities.deviceinteraction.model import Credential

HIDDEN = "<redacted>"

_TYPE = r"(?:(?:sha512|sha256|md5|encrypted|ascii|hex|clear|\d{1,2})\s+)?"
_VALUE = r"(?:\"[^\"\n]*\"|[^\s;]+)"
_KEYWORDS = (
    r"(?:password|secret|passphrase|passwd|encrypted-password|plain-text-password-value|authentication-key|"
    r"pre-shared-key|authentication-password|privacy-password|auth-password|key-string|community|"
    r"message-digest-key\s+\d+\s+md5|(?:[\w-]*server|tacacs|radius|host\s+\S+)\s+key|^\s*key(?=\s+\d\s)|"
    r"(?<=\s)auth\s+(?:md5|sha(?:-?\d+)?)|(?<=\s)priv(?:\s+(?:aes|des|3des)(?:[- ]?\d+)?)?|"
    r"isakmp\s+key|wpa-psk(?:\s+(?:ascii|hex))?|(?:standby|vrrp|glbp)\s+\d+\s+authentication(?:\s+(?:text|md5\s+key-string))?|"
    r"snmp-server\s+host\s+\S+(?:\s+vrf\s+\S+)?(?:\s+(?:traps|informs))?(?:\s+version\s+(?:1|2c))?(?!\s+(?:version\s+3|traps|informs)\b))"
)
_LINE = re.compile(rf"(?im)((?<![\w-]){_KEYWORDS}\s+)(?!\{{|required|encryption|strength)({_TYPE})({_VALUE})")
_HIDING_LEAF = (
    r"[\w.-]*(?:passw(?:or)?d|secret|passphrase|private-key|shared-key|authentication-key|auth-key|key-string|"
    r"(?:cleartext|hidden|encrypted|symmetric)-key)[\w.-]*|(?:snmp-)?community(?:-name|-string)?"
)
_ELEMENT = re.compile(
    rf"(?i)(<(?:[\w.-]+:)?(?:{_HIDING_LEAF})(?:\s[^<>]*)?>)\s*[^<\s][^<]*"
)  # also where the text was cut
_MEMBER = re.compile(rf"(?i)(\"(?:[\w.-]+:)?(?:{_HIDING_LEAF})\"\s*:\s*)(?:\"(?:[^\"\\\n]|\\.)*\"?|-?\d[\w.]*)")
_IS_HIDING_LEAF = re.compile(_HIDING_LEAF, re.IGNORECASE)
_HINTS = (
    "passw",
    "secret",
    "passphrase",
    "key",
    "community",
    "auth",
    "priv",
    "psk",
    "snmp-server host",
)  # one of them is in each keyword
_PEM = re.compile(r"-----BEGIN [^-\n]*PRIVATE KEY-----.*?-----END [^-\n]*PRIVATE KEY-----", re.DOTALL)
_CRYPT = re.compile(r"\$(?:1|2[aby]?|5|6|8|9|14|y|sha1|aes1?|ar2)\$[^\s\";]+")


class Redactor:
    """Hides secrets in text.

    Args:
        values: Secrets that are known by value; those shorter than four characters are left to the patterns, as
            they would riddle every text with holes.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = sorted({value for value in values if len(value) >= 4}, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, known))) if known else None
        self._last = ("", "")  # an answer goes to the transcript and to the caller: it is judged once

    @classmethod
    def of(cls, *credentials: Credential) -> "Redactor":
        """A redactor that knows the secrets of credentials: the device's, and its jump host's."""
        secrets = [
            secret
            for one in credentials
            for secret in (one.password, one.enable_secret, one.private_key, one.passphrase)
            if secret is not None
        ]
        return cls(secret.get_secret_value() for secret in secrets)

    def __call__(self, text: str) -> str:
        """The text with every secret replaced by ``<redacted>``."""
        before, after = self._last
        if before != text:
            after = self._hidden(text)
            self._last = (text, after)
        return after

    def _hidden(self, text: str) -> str:
        if self._values is not None:
            text = self._values.sub(HIDDEN, text)
        text = _PEM.sub(HIDDEN, text)
        if _may_hold_secrets(text):
            text = _LINE.sub(rf"\1\2{HIDDEN}", text)
            if "<" in text:
                text = _ELEMENT.sub(rf"\1{HIDDEN}", text)
            if '":' in text or '" :' in text:
                text = _MEMBER.sub(rf'\1"{HIDDEN}"', text)
        return _CRYPT.sub(HIDDEN, text)


def is_secret_leaf(name: str) -> bool:
    """Whether the leaf of a data model that is called so keeps a secret."""
    return _IS_HIDING_LEAF.fullmatch(name) is not None


def _may_hold_secrets(text: str) -> bool:
    """Whether any keyword can be in it: a plain search costs a hundredth of the pattern, and most outputs have none.

    Only ASCII is searched so, as the pattern ignores case by rules that a plain search does not know.
    """
    if not text.isascii():
        return True
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


by_pattern = Redactor()
"""Hides what looks like a secret; for text whose credential is not at hand."""
