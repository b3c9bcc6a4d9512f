// Python's getservbyname, getservbyport and getprotobyname, by the files that C's own read: C's keep their answers where
// another thread finds them, and getaddrinfo(3) knows fewer protocols. services(5), protocols(5).

import { readFileSync } from 'node:fs';
import * as numbers from '../../kernel/constants/socket.ts';
import { calledFrom, OSError } from '../errors.ts';
import { checkInt } from './ints.ts';

/** The words of each line of a file, without comments; null where it cannot be read. */
function linesOf(file: string): string[][] | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').split(/\s+/).filter(Boolean));
  return lines.filter((words) => words.length >= 2);
}

interface Service {
  readonly names: readonly string[];
  readonly port: number;
  readonly protocol: string;
}

function services(): Service[] {
  return (linesOf('/etc/services') ?? []).map(([name, where, ...aliases]) => {
    const [port, protocol] = where.split('/');
    return { names: [name, ...aliases], port: Number(port), protocol };
  });
}

function checkName(name: unknown, what: string): void {
  if (typeof name !== 'string') throw new TypeError(`${what} must be a string, got ${typeof name}`);
  if (name.includes('\0')) throw new RangeError(`${what}: embedded null character`);
}

/**
 * A service's port, for 'tcp', 'udp' or another protocol that /etc/services has; without one, for the first line that
 * has the name. Throws OSError where there is none.
 * Unlike Python's, asks that file alone, whatever else nsswitch.conf(5) names.
 */
export function getservbyname(servicename: string, protocolname?: string): number {
  checkName(servicename, 'getservbyname(): servicename');
  if (protocolname !== undefined) checkName(protocolname, 'getservbyname(): protocolname');
  for (const { names, port, protocol } of services())
    if (names.includes(servicename) && (protocolname ?? protocol) === protocol) return port;
  throw calledFrom(new OSError('service/proto not found'), getservbyname);
}

/** The service at a port, as getservbyname has it. Throws OSError, RangeError outside 0-65535. */
export function getservbyport(port: number, protocolname?: string): string {
  if (!(port < 0 || port > 65535)) checkInt(port, 'getservbyport(): port', getservbyport);
  else throw calledFrom(new RangeError('getservbyport: port must be 0-65535.'), getservbyport);
  if (protocolname !== undefined) checkName(protocolname, 'getservbyport(): protocolname');
  for (const service of services())
    if (service.port === port && (protocolname ?? service.protocol) === service.protocol)
      return service.names[0];
  throw calledFrom(new OSError('port/proto not found'), getservbyport);
}

/**
 * A protocol's number. Throws OSError where there is none of that name.
 * Unlike Python's, asks /etc/protocols alone, and where there is no such file the protocols that have an IPPROTO_*.
 */
export function getprotobyname(protocolname: string): number {
  checkName(protocolname, 'getprotobyname(): protocolname');
  const lines = linesOf('/etc/protocols');
  const number =
    lines === null
      ? (numbers as Record<string, unknown>)[`IPPROTO_${protocolname.toUpperCase().replaceAll('-', '')}`]
      : protocolNumber(lines, protocolname);
  if (typeof number !== 'number') throw calledFrom(new OSError('protocol not found'), getprotobyname);
  return number;
}

function protocolNumber(lines: string[][], protocolname: string): number | undefined {
  const line = lines.find(([name, , ...aliases]) => name === protocolname || aliases.includes(protocolname));
  return line && Number(line[1]);
}
