// Whether a file can be read or written, as XNU's filters and its select(2) have it: what EVFILT_READ and EVFILT_WRITE
// report, and what poll(2), which is made of them there, and select(2) make of the same state.

import { PIPE_BUF } from '../kernel/constants/select.ts';
import { NotModelled } from './call-base.ts';
import type { OpenFile } from './open-file.ts';
import { PipeReader, PipeWriter, StandardStream } from './pipe.ts';
import { SEND_LOW_WATER, SocketFile, type SocketState } from './socket-file.ts';

/** What a filter says now. */
export interface Report {
  fires: boolean;
  /** EV_EOF: nothing comes any more, or nothing can be sent. */
  eof: boolean;
  /** so_error, where the filter gives it: with EV_EOF. */
  error: number;
  /** Bytes to read, connections to accept, or space. */
  data: number;
}

const report: Report = { fires: false, eof: false, error: 0, data: 0 };

function reportOf(fires: boolean, data: number, eof = false, error = 0): Report {
  report.fires = fires;
  report.data = data;
  report.eof = eof;
  report.error = error;
  return report;
}

/** The state of a socket that the filters look at; null: no socket. */
function socketStateOf(file: OpenFile): SocketState | null {
  return file instanceof SocketFile ? file.socketState : null;
}

/** NOTE_LOWAT's mark, between the buffer's own and its capacity. */
const between = (asked: number | null, least: number, most: number) =>
  asked === null ? least : asked > most ? most : Math.max(asked, least);

/**
 * EVFILT_READ, with NOTE_LOWAT's mark or null; good until the next call. bsd/kern/uipc_socket.c,
 * filt_soread_common(); bsd/kern/sys_pipe.c, filt_piperead_common().
 */
export function readReport(file: OpenFile, lowWater: number | null): Report {
  const socket = socketStateOf(file);
  if (socket !== null) {
    if (socket.isListening) return reportOf(socket.finished > 0, socket.queueLength);
    const data = socket.received;
    if (socket.cannotReceive) return reportOf(true, data, true, socket.error);
    if (socket.error !== 0) return reportOf(true, data);
    // A datagram of 0 bytes is there all the same.
    return reportOf(socket.hasMessage || data >= between(lowWater, 1, socket.receiveCapacity), data);
  }
  if (file instanceof PipeReader) {
    const data = file.unread;
    if (file.isCut) return reportOf(true, data, true);
    return reportOf(data >= between(lowWater, 1, file.capacity), data);
  }
  // The wrong end: it reports the other end's close alone. pipe_kqfilter().
  if (file instanceof PipeWriter) return reportOf(file.isCut, 0, file.isCut);
  throw new NotModelled(`EVFILT_READ of ${file.kind}`);
}

/** EVFILT_WRITE, likewise. filt_sowrite_common(), filt_pipewrite_common(). */
export function writeReport(file: OpenFile, lowWater: number | null): Report {
  const socket = socketStateOf(file);
  if (socket !== null) {
    const data = socket.space;
    if (socket.cannotSend) return reportOf(true, data, true, socket.error);
    if (socket.error !== 0) return reportOf(true, data);
    if (!socket.isConnected) return reportOf(false, data);
    const least = Math.min(SEND_LOW_WATER, socket.sendCapacity);
    return reportOf(data > 0 && data >= between(lowWater, least, socket.sendCapacity), data);
  }
  if (file instanceof PipeWriter) {
    if (file.isCut) return reportOf(true, 0, true);
    const data = file.space;
    return reportOf(data >= between(lowWater, PIPE_BUF, file.capacity), data);
  }
  if (file instanceof PipeReader) return reportOf(file.isCut, 0, file.isCut);
  throw new NotModelled(`EVFILT_WRITE of ${file.kind}`);
}

/** Whether select(2) has it readable. bsd/kern/uipc_socket2.c, soreadable(); sys_pipe.c, pipe_select(). */
export function isReadable(file: OpenFile): boolean {
  if (file instanceof StandardStream) return true;
  const socket = socketStateOf(file);
  if (socket !== null)
    return (
      socket.received > 0 ||
      socket.hasMessage ||
      socket.cannotReceive ||
      socket.finished > 0 ||
      socket.error !== 0
    );
  if (file instanceof PipeReader) return file.unread > 0 || file.isCut;
  if (file instanceof PipeWriter) return file.isCut;
  return file.poll() !== 0; // A kqueue: kqueue_select().
}

/** Whether select(2) has it writable. sowriteable(), pipe_select(). */
export function isWritable(file: OpenFile): boolean {
  if (file instanceof StandardStream) return true;
  const socket = socketStateOf(file);
  if (socket !== null) {
    if (socket.cannotSend || socket.error > 0) return true;
    const least = Math.min(SEND_LOW_WATER, socket.sendCapacity);
    return socket.isConnected && socket.space > 0 && socket.space >= least;
  }
  if (file instanceof PipeWriter) return file.isCut || file.space >= PIPE_BUF;
  if (file instanceof PipeReader) return true; // Nothing is in the buffer of the other direction.
  return false;
}
