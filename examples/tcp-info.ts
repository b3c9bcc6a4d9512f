import { create_connection, create_server, IPPROTO_TCP, TCP_INFO_OPTION, unpackTcpInfo } from 'rfds/socket';

const listener = create_server(['127.0.0.1', 12345]);
const client = create_connection(['127.0.0.1', 12345]); // The kernel shakes hands: accept() comes later.
const [server] = listener.accept();
client.sendall(Buffer.from('Hello'));
console.log(server.recv(1024).toString());
console.log(unpackTcpInfo(server.getsockopt(IPPROTO_TCP, TCP_INFO_OPTION, 512)));
