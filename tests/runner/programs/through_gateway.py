"""In a network namespace of its own: a web server, the gateway beside it, and a client that knows only the gateway."""

import fcntl
import http.client
import http.server
import json
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

UP = struct.pack("16sh", b"lo", 0x1 | 0x40)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{self.path} {self.headers['Host']} {self.headers['Proxy-Connection']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in the base class
        pass


def main() -> None:
    fcntl.ioctl(socket.socket(), 0x8914, UP)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 80), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    gateway = subprocess.Popen(
        [sys.executable, "-P", "-m", "runner.sandbox.gateway"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert gateway.stdin
    assert gateway.stdout
    orders = {"namespace": "/proc/self/ns/net", "hosts": ["localhost"], "forwards": []}
    gateway.stdin.write(json.dumps(orders) + "\n")
    gateway.stdin.flush()
    assert gateway.stdout.readline() == "ready\n"

    began = time.time_ns()
    proxied = urllib.request.build_opener(urllib.request.ProxyHandler({"http": "http://127.0.0.1:3128"}))
    print("plain", proxied.open("http://localhost/page?a=1", timeout=20).read().decode())
    tunnel = http.client.HTTPConnection("127.0.0.1", 3128, timeout=20)
    tunnel.set_tunnel("localhost", 80)
    tunnel.request("GET", "/inside")
    print("tunnel", tunnel.getresponse().read().decode())
    for url in ("http://127.0.0.1/", "http://localhost.example/", "http://localhost:8080/"):
        try:
            proxied.open(url, timeout=20)
        except urllib.error.HTTPError as error:
            print(url, error.code)
    gateway.stdin.close()
    told = [json.loads(line) for line in gateway.stdout]
    for refused in (True, False):
        print(refused, *(f"{one['host']}:{one['port']}" for one in told if one["refused"] is refused))
    print("all", gateway.wait(10), all(began <= one["ts"] <= time.time_ns() and one["inode"] for one in told))


if __name__ == "__main__":
    main()
