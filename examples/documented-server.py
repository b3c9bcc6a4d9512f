# The documented server in Python. documented-server.ts is the same, line for line.
import select
import socket
import time

server_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server_socket.bind(('0.0.0.0', 12345))
server_socket.listen()

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
        data = client_socket.recv(1024)
        if data.startswith(b'\xff') or len(data) == 0:
            rfds.remove(client_socket)
            client_socket.close()
            continue
        client_port = client_socket.getpeername()[1]
        client_ip = client_socket.getpeername()[0]
        timestamp = time.time()
        print(f"[{client_ip}:{client_port}] {timestamp}:{data}")
        timestamped_response = f"{timestamp}:{data.decode()}"
        response_bytes = timestamped_response.encode()
        client_socket.sendall(response_bytes)
