// Mistakes that the types catch: each is marked, and tsc complains of a mark without a mistake. Never run.

import type { Socket as NetSocket } from 'node:net';
import { fromNetSocket, toNetSocket } from '../../src/net.ts';
import { epoll, poll, select } from '../../src/select.ts';
import { DefaultSelector, EpollSelector } from '../../src/selectors.ts';
import { signal } from '../../src/signal.ts';
import { explore, World } from '../../src/sim.ts';
import { AF_INET, type Socket, socket } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

export function mistakes(a: Socket, node: NetSocket): void {
  // @ts-expect-error a family is a number
  socket('AF_INET');
  // @ts-expect-error the address is one argument
  a.bind('127.0.0.1', 80);
  // @ts-expect-error the port is a number
  a.connect(['127.0.0.1', '80']);
  // @ts-expect-error an address of an unknown family may be a path, or none
  a.getpeername()[1].toFixed();
  // @ts-expect-error an IPv4 address has two parts
  socket(AF_INET).getsockname()[2];
  // @ts-expect-error text is not bytes
  a.send('hello');
  // @ts-expect-error a Buffer is not text
  const text: string = a.recv(10);
  // @ts-expect-error accept returns a pair
  a.accept().recv(1);
  // @ts-expect-error family is read-only
  a.family = AF_INET;
  // @ts-expect-error the descriptor is not a property
  a.fd;
  // @ts-expect-error a timeout is in seconds, a number
  a.settimeout('1s');

  // @ts-expect-error three lists
  select([a], []);
  // @ts-expect-error a descriptor is not a list
  select(3, [], []);
  // @ts-expect-error what comes back is what was given
  const strings: string[] = select([a], [], [])[0];
  // @ts-expect-error no fileno()
  poll().register({});
  // @ts-expect-error modify needs a mask
  poll().modify(3);
  // @ts-expect-error a mask is a number
  epoll().register(3, 'EPOLLIN');

  // @ts-expect-error data of another type
  new DefaultSelector<string>().register(a, 1, 5);
  // @ts-expect-error register needs events
  new EpollSelector().register(a);
  // @ts-expect-error a key is read-only
  new EpollSelector().register(a, 1).events = 2;
  // @ts-expect-error a handler takes a number
  signal(2, (name: string) => console.log(name));
  // @ts-expect-error signals are numbers
  signal('SIGINT', () => {});

  // @ts-expect-error the raw layer takes bytes, not arrays of numbers
  sys.bind(3, [127, 0, 0, 1]);
  // @ts-expect-error an address has its length beside it
  sys.accept(3, null);
  // @ts-expect-error sets are bytes
  sys.select(1, [3], null, null, null);
  // @ts-expect-error no such call
  sys.fork();

  const world = new World();
  // @ts-expect-error no such step
  world.addProcess('client', ['hello']);
  // @ts-expect-error an address has a port
  world.addProcess('client', [{ connect: ['127.0.0.1'] }]);
  world.addProcess('client', function* (client) {
    const sock = yield* client.connect(['127.0.0.1', 80]);
    // @ts-expect-error what is received is a Buffer
    const received: string = yield* sock.recv(1);
    console.log(received);
  });
  // @ts-expect-error a program is a function
  explore(() => 5);
  // @ts-expect-error no such bound
  new World({ cut: 1 });

  // @ts-expect-error the other way round
  toNetSocket(node);
  // @ts-expect-error the other way round
  fromNetSocket(a);
  // @ts-expect-error the descriptor is the Socket's own
  toNetSocket(a, { fd: 3 });
  console.log(text, strings);
}
