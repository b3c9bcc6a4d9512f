// A step in a sentence, as the walkthrough would tell it. Below: words.js.

import {
  addressText,
  bytesOf,
  capital,
  carried,
  count,
  duration,
  packetBriefly,
  packetMessage,
  shortened,
  textOf,
  whose,
} from './words.js';

/** The step in a sentence. */
export const sentence = (step) => capital(step.packet ? packetSentence(step.packet) : callSentence(step));

function packetSentence(packet) {
  const { tcp, source, destination, why, inferred } = packet;
  const size = tcp?.payloadLength ? ` with ${count(tcp.payloadLength, 'byte')}` : '';
  const message = packetMessage(packet);
  const what = `${packetBriefly(packet)}${size}${message ? ` ${message}` : ''}${inferred ? ' (inferred)' : ''}`;
  return `${whose(source)} → ${whose(destination)}: ${what}.${why ? ` ${capital(why)}.` : ''}`;
}

function callSentence({ call, phase }) {
  const who = whose(call.lane);
  if (phase === 'begin') return `${who} ${beginning(call)}.`;
  if (call.errno) return `${call.name}()${on(call)} fails in ${who}: ${call.errno}.`;
  if (phase === 'return') return `${returning(call, who)}.`;
  return `${who} ${(done[call.name] ?? plainly)(call)}.`;
}

const on = ({ fd }) => (fd === undefined ? '' : ` on ${fd}`);

function beginning(call) {
  const { name, slept, start, end } = call;
  if (/^send/.test(name))
    return `calls ${name}()${on(call)}: ${carried(call) || 'its data'} goes to the kernel`;
  if (name === 'connect')
    return `calls connect()${address(call, ' to ')} and sleeps until the handshake is done`;
  return `calls ${name}()${on(call)}${slept ? ` and sleeps for ${duration(end - start)}` : ''}`;
}

function returning(call, who) {
  const { name, result, ready } = call;
  if (ready?.length > 0) return `${name}() wakes ${who}: ${readyText(ready)}`;
  if (name === 'connect') return `connect() returns to ${who}: the connection stands`;
  if (/^(send|write)/.test(name))
    return `${name}() returns to ${who}: the kernel has its ${count(result, 'byte')}`;
  if (isEnd(call)) return `${name}() returns to ${who} with nothing: the end of the stream`;
  if (/^(recv|read)/.test(name))
    return `${name}() returns to ${who} with ${count(result, 'byte')}${told(call)}`;
  if (ready) return `${name}() returns to ${who}: ${readyText(ready)}`;
  return `${name}() returns ${result} to ${who}`;
}

const readyText = (ready) =>
  ready.length === 0 ? 'nothing is ready' : `${ready.join(' and ')} ${ready.length > 1 ? 'are' : 'is'} ready`;

const isEnd = ({ name, result }) => /^(recv|read)/.test(name) && result === 0;

/** A colon and the bytes. */
function told(call) {
  const text = carried(call) || (call.data ? `“${shortened(textOf(bytesOf(call.data)), 60)}”` : '');
  return text && `: ${text}`;
}

/** The address in an argument as strace writes it, behind the words; '' if there is none. */
function address({ args }, words) {
  const text = args.map((one) => one.text).join();
  const [, port] = text.match(/port=htons\((\d+)\)/) ?? [];
  const [, host] = text.match(/inet_(?:addr\(|pton\(AF_INET6, )"([^"]+)"/) ?? [];
  const [, path] = text.match(/sun_path=@?"([^"]+)"/) ?? [];
  const found = host && port ? addressText([host, Number(port)]) : path;
  return found === undefined ? '' : `${words}${found}`;
}

const receives = (call) =>
  isEnd(call)
    ? `finds the end of the stream${on(call)}, with ${call.name}()`
    : `takes ${count(call.result, 'byte')} out of the receive queue of ${call.fd}, with ${call.name}()${told(call)}`;
const sends = (call) =>
  `hands the kernel ${count(call.result, 'byte')} for ${call.fd}, with ${call.name}()${told(call)}`;
const accepts = (call) =>
  `takes the connection${address(call, ' from ')} out of the accept queue, as descriptor ${call.result}`;

/** Calls that succeeded, by their names. */
const done = {
  socket: ({ result }) => `makes a socket, descriptor ${result}`,
  setsockopt: ({ fd, args }) => `sets ${args[2]?.text} on ${fd}`,
  bind: (call) => `binds ${call.fd}${address(call, ' to ')}`,
  listen: ({ fd }) => `listens on ${fd}: from here on the kernel takes connections`,
  accept: accepts,
  accept4: accepts,
  connect: (call) => `connects ${call.fd}${address(call, ' to ')}`,
  getpeername: (call) => `asks who is at the other end of ${call.fd}${address(call, ': ')}`,
  getsockname: (call) => `asks for the address of ${call.fd}${address(call, ': ')}`,
  recv: receives,
  recvfrom: receives,
  recvmsg: receives,
  send: sends,
  sendto: sends,
  sendmsg: sends,
  read: (call) =>
    isEnd(call)
      ? `reads the end of the stream${on(call)}`
      : `reads ${count(call.result, 'byte')} from ${call.fd}${told(call)}`,
  write: (call) => `writes ${count(call.result, 'byte')} to ${call.fd}${told(call)}`,
  close: ({ fd }) => `closes ${fd}`,
  sigaction: ({ args }) => `decides what ${args[0]?.text} does`,
};

/** Any other call that succeeded. */
function plainly({ name, args, result, ready }) {
  if (ready) return `calls ${name}(): ${readyText(ready)}`;
  return `calls ${name}(${args.map((one) => one.text).join(', ')}) = ${result}`;
}
