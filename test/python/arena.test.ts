// The memory of received Buffers, which many share: one that a program gives away takes no other's bytes along.

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { socketpair } from '../../src/socket.ts';
import { afterTest } from '../support/cleanup.ts';

function pair() {
  const [here, there] = socketpair();
  afterTest(() => {
    here.close();
    there.close();
  });
  const receive = (text: string) => {
    there.send(Buffer.from(text));
    return here.recv(1024);
  };
  return { receive };
}

test('a received Buffer cannot be transferred, so that no other Buffer loses its bytes', () => {
  const { receive } = pair();
  const [one, two] = ['one', 'two'].map(receive);
  const { port1, port2 } = new MessageChannel();
  afterTest(() => port1.close());
  try {
    port1.postMessage(one, [one.buffer as ArrayBuffer]);
    // Older Nodes copy what cannot be transferred.
    expect(Buffer.from(receiveMessageOnPort(port2)!.message).toString()).toBe('one');
  } catch (error) {
    expect((error as Error).name).toBe('DataCloneError');
  }
  expect([one, two, receive('three')].map(String)).toEqual(['one', 'two', 'three']);
});

const { transfer } = ArrayBuffer.prototype as { transfer?: () => ArrayBuffer };
test.skipIf(transfer === undefined)(
  'recv goes on after the memory of its Buffers was transferred by force (ArrayBuffer.prototype.transfer)',
  () => {
    const { receive } = pair();
    const one = receive('one');
    transfer!.call(one.buffer);
    expect(one.length).toBe(0);
    expect([receive('two'), receive('three')].map(String)).toEqual(['two', 'three']);
  },
);
