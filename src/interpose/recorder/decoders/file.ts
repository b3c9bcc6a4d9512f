// fcntl and ioctl, whose arguments depend on what is asked. Above: call-args.ts. Below: call-form.ts,
// strace-text.ts.

import * as fcntl from '../../../kernel/constants/fcntl.ts';
import { FIOCLEX, FIONCLEX } from '../../../kernel/constants/ioctl.ts';
import { flags, named, quoted } from '../strace-text.ts';
import { copyOrNull, type Form, first, int, SOMEWHERE } from './decoder.ts';

// fcntl's argument, where the command has one, and what its result says.
const commands = new Map(
  Object.entries(fcntl).flatMap(([name, value]) =>
    /^F_(?!\w+LCK$)/.test(name) ? [[value, name] as const] : [],
  ),
);
const takesNone = new Set([fcntl.F_GETFD, fcntl.F_GETFL, fcntl.F_GETOWN, fcntl.F_GETSIG, fcntl.F_GETPIPE_SZ]);

/** 'O_RDWR|O_NONBLOCK' */
export function statusFlags(value: number): string {
  const mode = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'][value & 3] ?? '0x3';
  const rest = value & ~3;
  return rest === 0 ? mode : `${mode}|${flags('O_', rest)}`;
}

export const fcntlForm: Form = {
  names: ['fd', 'cmd', 'arg'],
  fd: first,
  texts([fd, cmd, arg]) {
    const value = arg as number;
    const command = commands.get(cmd as number) ?? `0x${(cmd as number).toString(16)}`;
    if (takesNone.has(cmd as number)) return [fd, command];
    if (cmd === fcntl.F_SETFD)
      return [
        fd,
        command,
        value === 0 ? '0' : value === fcntl.FD_CLOEXEC ? 'FD_CLOEXEC' : `0x${value.toString(16)}`,
      ];
    return [fd, command, cmd === fcntl.F_SETFL ? statusFlags(value) : value];
  },
  detail([, cmd], result) {
    if (cmd === fcntl.F_GETFD && result > 0) return 'flags FD_CLOEXEC';
    return cmd === fcntl.F_GETFL && result >= 0 ? `flags ${statusFlags(result)}` : '';
  },
};

// strace knows some requests by the names that terminals have for the same numbers.
const renamed = new Map([['SIOCOUTQ', 'TIOCOUTQ']]);
/** ioctl: its third argument is memory, an int, or nothing. */
export const ioctlForm: Form = {
  names: ['fd', 'request', 'arg'],
  fd: first,
  keep: ([fd, request, arg]) => [fd, request, typeof arg === 'number' ? arg : copyOrNull(arg)],
  texts([fd, request, arg], result) {
    const number = request as number;
    const name = ['FIO', 'SIO'].map((prefix) => named(prefix, number)).find((text) => /^[A-Z]/.test(text));
    const text = name === undefined ? `0x${number.toString(16)}` : (renamed.get(name) ?? name);
    if (request === FIOCLEX || request === FIONCLEX) return [fd, text];
    if (!(arg instanceof Uint8Array)) return [fd, text, arg];
    if (result < 0) return [fd, text, SOMEWHERE];
    return [fd, text, arg.length === 4 ? `[${int(arg)}]` : quoted(arg)];
  },
};
