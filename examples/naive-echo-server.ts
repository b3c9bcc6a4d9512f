// An echo server as one writes it first, with a bug: explore-echo-server.ts finds it.
import { select } from 'rfds/select';
import { create_server, type Socket } from 'rfds/socket';

export function serve(host: string, port: number): void {
  const listener = create_server([host, port]);
  const unsent = new Map<Socket, Buffer>();

  while (true) {
    const writers = [...unsent.keys()].filter((client) => unsent.get(client)!.length > 0);
    const [readable, writable] = select([listener, ...unsent.keys()], writers, []);

    for (const sock of readable) {
      if (sock === listener) {
        const [client] = listener.accept();
        unsent.set(client, Buffer.alloc(0));
        continue;
      }
      const data = sock.recv(4096);
      if (data.length === 0) {
        unsent.delete(sock);
        sock.close();
        continue;
      }
      unsent.set(sock, Buffer.concat([unsent.get(sock)!, data]));
    }

    for (const sock of writable) {
      if (!unsent.has(sock)) continue;
      const n = sock.send(unsent.get(sock)!);
      unsent.set(sock, unsent.get(sock)!.subarray(n));
    }
  }
}
