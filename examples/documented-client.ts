// The documented client, line for line, with nothing added. At the end of stdin (Ctrl+D) input() is null here.
import { bytes, decode, input, print, time } from 'rfds/builtins';
import { AF_INET, SOCK_STREAM, socket } from 'rfds/socket';

const server_socket = socket(AF_INET, SOCK_STREAM);
server_socket.connect(['10.0.0.1', 12345]);

print('Type messages and press Enter');
print('To quit: Ctrl+C or Ctrl+D');
while (true) {
  const line = input('> ');
  if (line === null) break;
  const message = `${time()}:${line}`;
  const encoded_message = bytes`${message}`;
  server_socket.sendall(encoded_message);
  const response = server_socket.recv(1024);
  print(`${time()}:${decode(response)}`);
}
