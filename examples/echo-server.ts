// An echo server on whatever the platform has: epoll, kqueue, poll or select. A client that resets ends it.
import { DefaultSelector, EVENT_READ } from 'rfds/selectors';
import { create_server, type Socket } from 'rfds/socket';

const listener = create_server(['127.0.0.1', 12345]);
const selector = new DefaultSelector<Socket>();
selector.register(listener, EVENT_READ, listener);
while (true) {
  for (const [{ data: sock }] of selector.select()) {
    if (sock === listener) {
      const [client, address] = listener.accept();
      selector.register(client, EVENT_READ, client);
      console.log('accepted', address);
      continue;
    }
    const received = sock.recv(4096);
    sock.sendall(received);
    if (received.length === 0) selector.unregister(sock).data.close();
  }
}
