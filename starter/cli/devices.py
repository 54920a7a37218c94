"""Devices on the command line: names with commas, said once, and never none by mistake."""

import argparse


def names(text: str) -> tuple[str, ...]:
    """Names with commas between them; spaces around them are no part of them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def hosts(text: str) -> tuple[str, ...]:
    """Names of devices: at least one.

    Raises:
        ArgumentTypeError: There is none, as where a variable of a shell is empty: all devices would be meant.
    """
    if not (found := names(text)):
        raise argparse.ArgumentTypeError("no device is named, and without the option all are meant")
    return found


class Once(argparse.Action):
    """An option that must not come twice: some would mean the last one, as with Ansible's ``--limit``, others both."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002  # argparse calls it with all four
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Take the value. Raises `ArgumentError` where there is one already."""
        if getattr(namespace, self.dest) is not self.default:
            raise argparse.ArgumentError(self, "it is given twice; name all devices in one, with commas")
        setattr(namespace, self.dest, values)
