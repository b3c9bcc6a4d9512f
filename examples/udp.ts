// Two datagrams to a socket: each recvfrom() takes one of them whole, with the address of its sender.
import { AF_INET, SOCK_DGRAM, socket } from 'rfds/socket';

const server = socket(AF_INET, SOCK_DGRAM);
server.bind(['127.0.0.1', 0]);
const client = socket(AF_INET, SOCK_DGRAM);
for (const word of ['Hello', '']) client.sendto(Buffer.from(word), server.getsockname()!);

for (let i = 0; i < 2; i++) {
  const [data, address] = server.recvfrom(1024);
  console.log(`${data.length} bytes from`, address);
  server.sendto(Buffer.from(`${data.length} bytes came`), address!);
  console.log(client.recv(1024).toString());
}
