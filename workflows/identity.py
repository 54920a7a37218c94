"""When two names mean one person: at gates, where a person counts once and whoever asked may be barred."""

import unicodedata


def person(name: str) -> str:
    """A name as it is compared with others: without case, spaces around it, or the width of its characters.

    So do directories and forges, and RFC 8265 (section 3.3, UsernameCaseMapped). Rather two people are taken for one,
    and a third one is asked, than one person is taken for two.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())
