"""The documented server in Python, with what it must survive: usage: select_server.py PORT (0: a free one).

The reference for the loops of rfds in the tests, and their peer in `rfds compare`.
"""

import select
import socket
import sys
import time

# A line is one write, as in a terminal, whatever stdout and PYTHONUNBUFFERED are.
sys.stdout.reconfigure(line_buffering=True, write_through=False)

server_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server_socket.bind(('127.0.0.1', int(sys.argv[1])))
server_socket.listen()
print(f"Listening on {server_socket.getsockname()}")

rfds = [server_socket]
while True:
    rlist, _, _ = select.select(rfds, [], [])
    if server_socket in rlist:
        client_socket, client_address = server_socket.accept()
        print(f"Accepted connection from {client_address}")
        rfds.append(client_socket)
        rlist.remove(server_socket)
    for client_socket in rlist:
        if client_socket not in rfds:
            continue
        try:
            data = client_socket.recv(1024)
            if data.startswith(b'\xff') or len(data) == 0:
                rfds.remove(client_socket)
                client_socket.close()
                continue
            client_port = client_socket.getpeername()[1]
            client_ip = client_socket.getpeername()[0]
            timestamp = time.time()
            print(f"[{client_ip}:{client_port}] {timestamp}:{data}")
            client_socket.sendall(f"{timestamp}:".encode() + data)
        except OSError:
            rfds.remove(client_socket)
            client_socket.close()
