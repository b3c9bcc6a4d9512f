// A UNIX socket, and what only it can do: an open file goes from one end to the other, as a descriptor.
import { fstatSync, openSync } from 'node:fs';
import { AF_UNIX, recv_fds, SOCK_STREAM, send_fds, socketpair } from 'rfds/socket';

const [here, there] = socketpair(AF_UNIX, SOCK_STREAM);
const fd = openSync('/etc/hosts', 'r');
send_fds(here, [Buffer.from('a file')], [fd]);

const [data, [received]] = recv_fds(there, 1024, 1);
console.log(`${data}: descriptor ${fd} came as ${received}`);
console.log('the same file:', fstatSync(received).ino === fstatSync(fd).ino);
