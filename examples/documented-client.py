# The documented client in Python. documented-client.ts is the same, line for line.
import socket
import time

server_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server_socket.connect(('10.0.0.1', 12345))

print("Type messages and press Enter")
print("To quit: Ctrl+C or Ctrl+D")
while True:
    try:
        message = input("> ")
    except EOFError:
        break
    message = f'{time.time()}:{message}'
    encoded_message = message.encode()
    server_socket.sendall(encoded_message)
    response = server_socket.recv(1024)
    print(f"{time.time()}:{response.decode()}")
