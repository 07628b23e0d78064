"""A server that a preview must bear: what it answers is chosen by the path."""

PORT = 8123
SERVER = r"""
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NASTY = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains", "Clear-Site-Data": '"*"',
    "Service-Worker-Allowed": "/", "Alt-Svc": 'h3=":443"', "Access-Control-Allow-Origin": "*", "Refresh": "0;url=//a.b",
    "Link": "<https://a.example>; rel=preconnect", "X-Accel-Redirect": "/etc/passwd", "X-Sendfile": "/etc/passwd",
    "Report-To": "{}", "NEL": "{}", "Content-Security-Policy": "default-src *", "Referrer-Policy": "unsafe-url",
    "X-Frame-Options": "ALLOWALL", "Proxy-Authenticate": "Basic", "WWW-Authenticate": "Basic", "Upgrade": "h2c",
    "X-Request-ID": "7", "ETag": '"x"',
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body=b"", status=200, headers=(), kind="text/html"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def endless(self, pause, piece):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        while True:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(pause)

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        self.close_connection = True
        match parts.path:
            case "/echo":
                told = {"method": self.command, "path": self.path, "headers": [*self.headers.items()]}
                self.answer(json.dumps({**told, "body": body.decode("latin-1")}).encode(), kind="application/json")
            case "/huge":
                self.endless(0, b"x" * 65536)
            case "/drip":
                self.endless(0.05, b"x")
            case "/silent":
                time.sleep(600)
            case "/headers":
                self.answer(b"fine", headers=NASTY.items())
            case "/many":
                self.answer(headers=[(f"X-{n}", "x" * 50) for n in range(100_000)])
            case "/upgrade":
                self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello")
            case "/garbage":
                self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
            case "/redirect":
                self.answer(status=302, headers=[("Location", query["to"])])
            case "/cookies":
                self.answer(headers=[("Set-Cookie", value) for value in query["set"].split("|")])
            case "/split":
                self.answer(b"ok", headers=[("ETag", "a\r\n b\x7f\x00"), ("X-Request-ID", "snowman-\xe9")])
            case "/forge":
                bridge = os.open(f"/proc/{os.getppid()}/fd/1", os.O_WRONLY)
                self.answer(b"forging")
                os.write(bridge, query.get("with", "").encode("latin-1") or os.urandom(65536))
            case "/quit":
                os._exit(3)
            case "/docs":
                self.answer(b'<script src="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui.js"></script>')
            case "/openapi.json":
                self.answer(b'{"info": {"title": "Things"}, "paths": {}}', kind="application/json")
            case "/big":
                self.answer(b"0123456789abcdef" * 200_000, kind="text/plain")
            case _:
                self.answer(b"<h1>Here</h1>")

    do_POST = do_PUT = do_DELETE = do_GET

    def do_HEAD(self):
        self.answer()

    def log_message(self, *_):
        pass


print("the server starts", flush=True)
ThreadingHTTPServer(("127.0.0.1", 8123), Handler).serve_forever()
"""
