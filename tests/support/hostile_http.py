"""HTTP requests that are none, or that ask for nothing there is, each with its status and the kind it counts as."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class BrokenRequest:
    """Bytes on a new TCP connection to the HTTP port, the status they get and the kind they count as."""

    label: str
    sent: bytes
    status: int
    kind: str


_HOST = b"Host: x\r\n"
_POST = b"POST /api/v1/dev/token HTTP/1.1\r\n" + _HOST + b"Content-Type: application/json\r\n"
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n\r\n"


def _get(path: bytes, *headers: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + _HOST + b"".join(header + b"\r\n" for header in headers) + b"\r\n"


def _malformed(label: str, sent: bytes) -> BrokenRequest:
    return BrokenRequest(label, sent, 400, "http_malformed")


BROKEN_REQUESTS: Final = (
    _malformed("binary", b"\x00\xff\xfe\r\n\r\n"),
    _malformed("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500),
    _malformed("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    _malformed("version 3", b"GET / HTTP/3.0\r\n" + _HOST + b"\r\n"),
    _malformed("no version number", b"GET / HTTP/x.y\r\n" + _HOST + b"\r\n"),
    _malformed("control character in the method", b"G@T\x01 / HTTP/1.1\r\n" + _HOST + b"\r\n"),
    _malformed("long method", b"G" * 5000 + b" / HTTP/1.1\r\n" + _HOST + b"\r\n"),
    _malformed("long request line", _get(b"/" + b"a" * 9000)),
    _malformed("raw bytes in the path", _get(b"/\xff\xfe")),
    _malformed("path without slash", _get(b"foo")),
    _malformed("unclosed bracket", _get(b"http://[::1")),
    _malformed("impossible port", _get(b"http://x:99999999/")),
    _malformed("line feeds alone", b"GET /healthz HTTP/1.1\nHost: x\n\n"),
    _malformed("no host", b"GET /healthz HTTP/1.1\r\n\r\n"),
    _malformed("two hosts", _get(b"/healthz", b"Host: y")),
    _malformed("long header", _get(b"/", b"X: " + b"a" * 9000)),
    _malformed("many headers", _get(b"/", *(b"X%d: a" % number for number in range(5000)))),
    _malformed("space in a header's name", _get(b"/", b"X Y: a")),
    _malformed("header without colon", _get(b"/", b"Xa")),
    _malformed("NUL in a header", _get(b"/", b"X: a\x00b")),
    _malformed("two lengths", _POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    _malformed("length and chunks", _POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    _malformed("negative length", _POST + b"Content-Length: -1\r\n\r\n{}"),
    _malformed("length with a sign", _POST + b"Content-Length: +2\r\n\r\n{}"),
    _malformed("endless length", _POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}"),
    _malformed("chunk without a size", _CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    _malformed("chunk longer than told", _CHUNKED + b"2\r\n{}xx0\r\n\r\n"),
    _malformed("negative chunk", _CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n"),
    _malformed("endless chunk", _CHUNKED + b"ffffffffffffffffff\r\n{}\r\n"),
    _malformed("unknown transfer encoding", _POST + b"Transfer-Encoding: xchunked\r\n\r\n"),
    # Good requests in one read with the junk are thrown away with it by aiohttp.
    _malformed("junk behind a request", _get(b"/healthz") + b"\x00\x01junk\r\n\r\n"),
    _malformed("junk behind five requests", _get(b"/healthz") * 5 + b"\xffjunk\r\n\r\n"),
    BrokenRequest("no gzip", _POST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 400, "http_invalid"),
    BrokenRequest("body too large", _POST + b"Content-Length: 70000\r\n\r\n" + b"x" * 70_000, 413, "too_large"),
    BrokenRequest("no JSON", _POST + b"Content-Length: 4\r\n\r\n{NaN", 400, "http_invalid"),
    BrokenRequest(
        "nothing but brackets", _POST + b"Content-Length: 60000\r\n\r\n" + b"[" * 60_000, 400, "http_invalid"
    ),
    BrokenRequest("unknown expectation", _POST + b"Expect: magic\r\nContent-Length: 2\r\n\r\n{}", 417, "http_invalid"),
    BrokenRequest("no content type", _get(b"/").replace(b"GET / ", b"PUT /api/v1/dev/token "), 405, "http_invalid"),
    BrokenRequest("tunnel", b"CONNECT x:1 HTTP/1.1\r\n" + _HOST + b"\r\n", 404, "not_found"),
    BrokenRequest("star", b"OPTIONS * HTTP/1.1\r\n" + _HOST + b"\r\n", 404, "not_found"),
    BrokenRequest("NUL in the path", _get(b"/assets/%00"), 404, "not_found"),
    BrokenRequest("out of the folder", _get(b"/assets/..%2f..%2fhttp.py"), 404, "not_found"),
    BrokenRequest("out of the folder, plainly", _get(b"/assets/../../http.py"), 404, "not_found"),
    BrokenRequest("name longer than any file's", _get(b"/assets/" + b"a" * 5000), 404, "not_found"),
    BrokenRequest("surrogate in the path", _get(b"/assets/%ed%a0%80"), 404, "not_found"),
    BrokenRequest(
        "bytes as a token", _get(b"/api/v1/matches", b"Authorization: Bearer \xff\xfe"), 401, "unauthenticated"
    ),
    BrokenRequest("dots as a token", _get(b"/api/v1/matches", b"Authorization: Bearer a.b.c"), 401, "unauthenticated"),
    BrokenRequest("origin that is none", _get(b"/api/v1/matches", b"Origin: http://[::1"), 401, "unauthenticated"),
)
