// The documented conversation on Bun.listen: usage: bun bun_server.ts PORT. Lines and answers are made
// as in src/programs/net-server.ts.
import { print } from '../dist/python/builtins/print.js';
import { repr, reprBytes } from '../dist/python/builtins/repr.js';
import { timestamp as time } from '../dist/python/builtins/time.js';

Bun.listen<undefined>({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  socket: {
    open: (client) => print(`Accepted connection from ${repr([client.remoteAddress, client.remotePort])}`),
    data(client, chunk) {
      for (let start = 0; start < chunk.length; start += 1024) {
        const data = chunk.subarray(start, start + 1024);
        if (data[0] === 0xff) return client.end();
        const timestamp = time();
        print(`[${client.remoteAddress}:${client.remotePort}] ${timestamp}:${reprBytes(data)}`);
        client.write(Buffer.concat([Buffer.from(`${timestamp}:`), data]));
      }
    },
    error: () => {},
  },
});
