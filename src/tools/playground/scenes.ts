// Ready-made scripts: the documented conversation, and what the walkthrough is silent about.

export interface Scene {
  readonly name: string;
  /** What to look at, in a sentence or two. */
  readonly about: string;
  /** As formatScript() writes it. */
  readonly script: string;
}

export const scenes: readonly Scene[] = [
  {
    name: 'The documented conversation',
    about: '"Hello" goes out and comes back behind the time, and the client closes.',
    script: 'p=documented&a=c1,s1:Hello,x1',
  },
  {
    name: 'Two clients at once',
    about: 'One select() watches the listening socket and both connections: rfds has three entries.',
    script: 'p=documented&a=c1,c2,s1:Hello,s2:World,x1,x2',
  },
  {
    name: 'One message, two recv()',
    about:
      'TCP is a stream. "Hello" arrives in two pieces, and the server takes each for a message: two lines, two answers.',
    script: 'p=documented&a=c1,s1~half:Hello,x1',
  },
  {
    name: 'Two messages, one recv()',
    about:
      'The second message comes before the server calls recv(): it gets both as one. Take "before call" away from the second and compare.',
    script: 'p=documented&a=c1,s1:Hello,s1@10:World,x1',
  },
  {
    name: 'Half-close',
    about:
      'The client ends its direction and still reads. recv() gives 0 bytes, and the server closes its own direction, too.',
    script: 'p=documented&a=c1,s1:Hello,h1,w:1',
  },
  {
    name: 'A reset ends the documented server',
    about:
      'recv() fails with ECONNRESET, nobody catches it, and all clients lose their server. Choose select: it drops this client alone.',
    script: 'p=documented&a=c1,c2,s1:Hello,r1,s2:World',
  },
  {
    name: 'Bytes that are not UTF-8',
    about: 'decode() throws, and the server is gone. The other loops answer with the bytes as they are.',
    script: 'p=documented&a=c1,s1:caf\\xe9',
  },
  {
    name: '0xFF is a goodbye',
    about: 'Telnet’s IAC. Honest data may begin with this byte, too: the server closes all the same.',
    script: 'p=documented&a=c1,s1:\\xff\\xf4 is data here',
  },
  {
    name: 'A client that does not read',
    about:
      'Its receive buffer fills, then the server’s send buffer: a blocking send waits, and the second client gets no answer. Choose epoll: it keeps the rest and serves the others.',
    script: `p=documented&buffer=64&a=c1,c2,q1,s1:${'A'.repeat(60)},s1:${'B'.repeat(60)},s1:${'C'.repeat(60)},s2:Hello`,
  },
  {
    name: 'No descriptors left',
    about:
      'accept() fails with EMFILE, and the documented server ends. The others close the client with a descriptor kept in reserve, and go on.',
    script: 'p=documented&a=c1,d:0,c2,s1:Hello',
  },
  {
    name: 'A connection waits in the queue',
    about:
      'The kernel finishes the handshake by itself: client 2 is connected, and has sent, before the server calls accept(). Both wait in the kernel’s queues.',
    script: 'p=documented&a=c1,s1:Hello,c2@14,s2@14:World',
  },
  {
    name: 'Gone before accept()',
    about:
      'The client resets before the server accepts it. Linux accepts it all the same; the reset is told by recv().',
    script: 'p=select&a=c1,r1@7',
  },
  {
    name: 'A lost segment',
    about:
      'The segment is sent again after the retransmission timeout; what the server sees is only that it came later.',
    script: 'p=select&latency=50&a=c1,l,s1:Hello,x1',
  },
  {
    name: 'A signal',
    about:
      'Without a handler SIGINT ends the process in the middle of select(); the kernel closes its descriptors.',
    script: 'p=select&a=c1,s1:Hello,k:SIGINT',
  },
  {
    name: 'Edge-triggered epoll',
    about:
      'EPOLLET tells of a change once, so that this loop calls recv() until EAGAIN. Compare the number of calls with epoll.',
    script: 'p=epoll-edge&a=c1,s1:Hello,s1:World,x1',
  },
  {
    name: 'Nothing yet',
    about: 'An empty stage: let a client connect.',
    script: 'p=select',
  },
];
