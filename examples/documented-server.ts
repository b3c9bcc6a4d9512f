// The documented server, line for line, with nothing added: a client that resets, or sends what is not UTF-8, ends it.
import { bytes, decode, f, print, remove, repr, time } from 'rfds/builtins';
import { select } from 'rfds/select';
import { AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket } from 'rfds/socket';

const server_socket = socket(AF_INET, SOCK_STREAM);
server_socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
server_socket.bind(['0.0.0.0', 12345]);
server_socket.listen();

const rfds = [server_socket];
while (true) {
  const [rlist] = select(rfds, [], []);

  if (rlist.includes(server_socket)) {
    const [client_socket, client_address] = server_socket.accept();
    print(`Accepted connection from ${repr(client_address)}`);
    rfds.push(client_socket);
    remove(rlist, server_socket);
  }

  for (const client_socket of rlist) {
    if (!rfds.includes(client_socket)) {
      continue;
    }
    const data = client_socket.recv(1024);
    if (data[0] === 0xff || data.length === 0) {
      remove(rfds, client_socket);
      client_socket.close();
      continue;
    }
    const client_port = client_socket.getpeername()[1];
    const client_ip = client_socket.getpeername()[0];
    const timestamp = time();
    print(f`[${client_ip}:${client_port}] ${timestamp}:${data}`);
    const timestamped_response = `${timestamp}:${decode(data)}`;
    const response_bytes = bytes`${timestamped_response}`;
    client_socket.sendall(response_bytes);
  }
}
