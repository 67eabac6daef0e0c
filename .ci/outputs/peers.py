"""Peers on loopback for .ci/outputs/run: plain ones, hostile ones, and one with TLS if a certificate is given.

    peers.py PORTS-FILE [CERTIFICATE KEY]

Writes the ports to the file, separated by commas, and serves until it is ended.
"""

import os
import socket
import ssl
import sys
import threading


def greets(text):
    def serve(connection):
        connection.sendall(text)
        while connection.recv(4096):
            pass

    return serve


def answers(text):
    def serve(connection):
        while request := connection.recv(4096):
            if request.startswith((b"GET", b"OPTIONS")):
                return connection.sendall(text)

    return serve


def hangs_up(connection):
    pass


def page(server):
    return b"HTTP/1.0 200 OK\r\nServer: " + server + b"\r\nContent-Type: text/html\r\n\r\n<html>"


PEERS = [
    greets(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n"),
    greets(b"220 (vsFTPd 3.0.3)\r\n"),
    greets(b"220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n"),
    greets(b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n"),
    greets(b"220 some FTP ready\r\n"),
    answers(page(b"nginx/1.22.1")),
    answers(page(b"nginx/1.24.0")),
    answers(page(b"<script>document.title='owned'</script>")),
    greets(b"\x1b[31m\x1b]0;owned\x07 <img src=x onerror=alert(1)> --> ]]> \xff\xfe\x9b\r\n"),
    greets(b"=cmd|' /C calc'!A0\r\n"),
    greets("\u202eevil \u65e5\u672c -- \ufeff\r\n".encode()),
    greets(b"x" * 900),
    greets(bytes(range(256))),
    greets(b""),
    hangs_up,
]


def listen(serve, context=None):
    def handle(connection):
        with connection:
            connection.settimeout(60)
            try:
                if context:
                    connection = context.wrap_socket(connection, server_side=True)
                serve(connection)
            except OSError:
                pass  # Scanners break off.

    def accept():
        while True:
            threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    ports = [listen(peer) for peer in PEERS]
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        ports.append(listen(answers(page(b"nginx/1.22.1")), context))
    with open(sys.argv[1] + ".part", "w") as file:
        file.write(",".join(map(str, sorted(ports))))
    os.rename(sys.argv[1] + ".part", sys.argv[1])
    threading.Event().wait()


main()
