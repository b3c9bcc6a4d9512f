"""The documented server, in Python, as a student may write it at the end of a course: select(), non-blocking sockets,
nothing lost. With the name of a fault as its first argument it has that one, for the tests of `rfds lab grade`.

    python3 server.py [FAULT] PORT
"""

import os
import select
import socket
import sys
import time

FAULT = sys.argv[1] if len(sys.argv) > 2 else "none"
PORT = int(sys.argv[-1])
KNOWN = ("none", "no-time", "discards-rest", "closes-early", "dies-on-reset", "decodes", "blocks")
if FAULT not in KNOWN:
    sys.exit(f"no such fault: {FAULT}")

MAX_UNSENT = 65536

listener = socket.create_server(("127.0.0.1", PORT), backlog=128)
listener.setblocking(False)
reserve = os.open("/dev/null", os.O_RDONLY)
unsent = {}  # of each client
ended = set()  # clients that send no more


def answer_to(data):
    stamp = b"" if FAULT == "no-time" else f"{time.time()}:".encode()
    return stamp + (data.decode().encode() if FAULT == "decodes" else data)


def close(client):
    ended.discard(client)
    del unsent[client]
    client.close()


def accept():
    global reserve
    try:
        client, _ = listener.accept()
    except (BlockingIOError, ConnectionAbortedError):
        return
    except OSError:
        os.close(reserve)
        try:
            listener.accept()[0].close()
        except OSError:
            pass
        reserve = os.open("/dev/null", os.O_RDONLY)
        return
    client.setblocking(FAULT == "blocks")
    unsent[client] = b""


def receive(client):
    try:
        data = client.recv(1024)
    except BlockingIOError:
        return
    if FAULT == "closes-early" and data:
        # It looks first whether there is more, or the end.
        time.sleep(0.02)
        try:
            more = client.recv(65536)
        except BlockingIOError:
            more = None
        if more == b"":
            return close(client)
        data += more or b""
    if FAULT == "discards-rest" and len(data) == 1024:
        try:
            client.recv(65536)
        except BlockingIOError:
            pass
    if data[:1] == b"\xff":
        close(client)
    elif data == b"":
        if unsent[client]:
            ended.add(client)
        else:
            close(client)
    elif FAULT == "blocks":
        client.sendall(answer_to(data))
    else:
        unsent[client] += answer_to(data)
        send(client)


def send(client):
    try:
        if unsent[client]:
            unsent[client] = unsent[client][client.send(unsent[client]):]
    except BlockingIOError:
        return
    if not unsent[client] and client in ended:
        close(client)


while True:
    clients = list(unsent)
    wanted = [c for c in clients if c not in ended and len(unsent[c]) < MAX_UNSENT]
    readable, writable, _ = select.select([listener, *wanted], [c for c in clients if unsent[c]], [])
    for sock in readable + writable:
        if sock is listener:
            accept()
            continue
        try:
            if sock in unsent and sock in writable:
                send(sock)
            if sock in unsent and sock in readable:
                receive(sock)
        except OSError:
            if FAULT == "dies-on-reset":
                raise
            close(sock)
