// A program to be watched: npx rfds trace -- node examples/traced.ts (Node 22.18; docs/trace.md)
import { select } from 'rfds/select';
import { socketpair } from 'rfds/socket';

const [near, far] = socketpair();
console.log(`${select([near], [], [], 0.01)[0].length} ready: nothing was sent`);
far.sendall(Buffer.from('Hello'));
console.log(`${select([near], [], [])[0].length} ready`);
console.log(`received ${near.recv(1024)}`);
far.close();
console.log(`received ${near.recv(1024).length} bytes: the end`);
near.close();
