"""First look at an SDP from a stranger: size, counts, characters, lines; nothing is understood yet.

One pass over the text, no backtracking, so that the worst input costs as much as a good one of its
size. What passes is sections of `a=` lines, each value printable ASCII of bounded length; what does
not raises `InvalidPayload` or `TooLarge` with a text that never quotes the input.
"""

import re
from dataclasses import dataclass, field

from protocol.errors import InvalidPayload, TooLarge

# The largest real offer at hand is 7 KiB. Larger limits cost parsing time (about 15 ms for all of it),
# smaller ones keep group calls from offering many receiving m-lines.
MAX_BYTES = 48 * 1024
MAX_LINES = 2048
# Browsers stay below 200; room for certificates hashes and long format lists.
MAX_LINE = 1024
MAX_MEDIA = 32
# A host with many interfaces repeats each of its candidates for every m-line.
MAX_CANDIDATES = 64

_LINE = re.compile(r"[a-z]=[\x20-\x7e]*")
_DIGITS = re.compile(r"[0-9]{1,10}")
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")


def refuse(message: str) -> InvalidPayload:
    """The refusal of an SDP; `message` says which rule, never what was sent."""
    return InvalidPayload(f"sdp: {message}", field="sdp")


def too_large(message: str) -> TooLarge:
    """The refusal of an SDP over one of the limits above."""
    return TooLarge(f"sdp: {message}", field="sdp")


def number(text: str, low: int, high: int, what: str) -> int:
    """A decimal number without sign, `low <= n <= high`, or `InvalidPayload` that names `what`."""
    if not _DIGITS.fullmatch(text) or not low <= int(text) <= high:
        raise refuse(f"{what} is not a number from {low} to {high}")
    return int(text)


def is_token(text: str, longest: int) -> bool:
    """Whether this is a `token` of RFC 4566 section 9 of at most `longest` characters."""
    return len(text) <= longest and _TOKEN.fullmatch(text) is not None


@dataclass(slots=True)
class Section:
    """The session part (`head` empty) or one m-line with what follows it.

    `attributes`: name -> values in order of appearance; a flag such as `a=rtcp-mux` has the value "".
    """

    head: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        """Every value of the attribute."""
        return self.attributes.get(name, [])

    def has(self, name: str) -> bool:
        """Whether the attribute is there at all."""
        return name in self.attributes

    def one(self, name: str) -> str | None:
        """The value of an attribute that may stand there once; twice is a refusal."""
        values = self.all(name)
        if len(values) > 1:
            raise refuse(f"more than one a={name} in a section")
        return values[0] if values else None


def check_text(sdp: str) -> list[str]:
    """The lines of an SDP that keeps the limits on size and characters. Fit for peer-to-peer SDP too.

    Raises `TooLarge` or `InvalidPayload`. Lines may end in CRLF or LF, the last one also in nothing.
    """
    if len(sdp) > MAX_BYTES:
        raise too_large(f"over {MAX_BYTES} bytes")
    lines = sdp.removesuffix("\n").split("\n")
    if len(lines) > MAX_LINES:
        raise too_large(f"over {MAX_LINES} lines")
    lines = [line.removesuffix("\r") for line in lines]
    for line in lines:
        if len(line) > MAX_LINE:
            raise too_large(f"a line over {MAX_LINE} characters")
        if not _LINE.fullmatch(line):
            raise refuse("a line is not of the form x=value in printable ASCII")
    if lines[0] != "v=0":
        raise refuse("it does not begin with v=0")
    _count(lines, "m=", MAX_MEDIA)
    _count(lines, "a=candidate:", MAX_CANDIDATES)
    return lines


def sections(lines: list[str]) -> tuple[Section, list[Section]]:
    """The session section and one section per m-line. Lines other than `m=` and `a=` are not needed."""
    session = Section()
    media: list[Section] = []
    current = session
    for line in lines:
        kind, value = line[0], line[2:]
        if kind == "m":
            current = Section(value)
            media.append(current)
        elif kind == "a":
            name, _, rest = value.partition(":")
            current.attributes.setdefault(name, []).append(rest)
    return session, media


def _count(lines: list[str], start: str, limit: int) -> None:
    if sum(line.startswith(start) for line in lines) > limit:
        raise too_large(f"over {limit} lines {start.rstrip(':')}")
