// The walkthrough's handshake. Most of what it has wrong is here: the kernel shakes hands on its own,
// before either program knows.

import type { CallLine } from '../../../../interpose/recorder/recording.ts';
import type { Conversation } from '../../analyse/dialogue.ts';
import { stateAfter } from '../../analyse/memory.ts';
import type { TcpPacket } from '../../analyse/packets.ts';
import { duration } from '../../words.ts';
import { apart, type Claim, finding, list, need } from './claim.ts';
import { acceptOf, captured, connectOf } from './parts.ts';

const wokenOf = ({ wokenToAccept }: Conversation) => need(wokenToAccept, 'nothing woke the server');
const syn = ({ wire }: Conversation) => captured(wire.handshake.syn, 'SYN');
const synAck = ({ wire }: Conversation) => captured(wire.handshake.synAck, 'SYN-ACK');
const ack = ({ wire }: Conversation) => captured(wire.handshake.ack, "the handshake's ACK");
const during = (packet: TcpPacket, call: CallLine) => packet.at >= call.start && packet.at <= call.end;

const numbered = (packet: TcpPacket, walkthrough: number) =>
  finding(packet.tcp.seq === walkthrough, `${packet.tcp.seq}, which the kernel chose at random`);

export const connecting: Claim[] = [
  {
    id: 'syn-from-connect',
    at: 'connect-3',
    says: 'connect() makes the client send a SYN',
    check: (run) => {
      const connect = connectOf(run);
      const packet = syn(run);
      return finding(during(packet, connect), `SYN ${apart(packet.at, connect.start)} connect() began`);
    },
  },
  {
    id: 'syn-seq-1000',
    at: 'connect-3',
    says: "The client's first sequence number is 1000",
    check: (run) => numbered(syn(run), 1000),
  },
  {
    id: 'connect-blocks',
    at: 'connect-3',
    says: 'connect() keeps the client until the SYN-ACK is there',
    check: (run) => {
      const [connect, packet] = [connectOf(run), synAck(run)];
      return finding(
        connect.end >= packet.at,
        `connect() returned ${duration(connect.end - packet.at)} after the SYN-ACK`,
      );
    },
  },
  {
    id: 'select-wakes-on-syn',
    at: 'wakes',
    says: 'The SYN wakes select()',
    check: (run) => {
      const woken = wokenOf(run);
      const queued = stateAfter(woken, run.listener?.fd)?.acceptQueue?.length;
      const ended = run.wire.captured ? ack(run).at : undefined;
      if (ended === undefined && queued === undefined)
        need(undefined, 'neither packets nor the accept queue');
      const afterAck = ended === undefined || woken.end >= ended;
      const facts = [
        ended === undefined
          ? ''
          : `${woken.name}() returned ${apart(woken.end, ended)} the ACK that ends the handshake`,
        queued === undefined ? '' : `${queued} finished connection in the accept queue then`,
      ];
      return finding(!(afterAck && queued !== 0), facts.filter(Boolean).join(', '));
    },
  },
  {
    id: 'rlist-listener',
    at: 'wakes',
    says: 'select() reports the listening socket',
    check: (run) => {
      const ready = need(wokenOf(run).ready, 'what it reported was not recorded');
      return finding(ready.includes(run.listener?.fd ?? -1), `ready: ${list(ready)}`);
    },
  },
  {
    id: 'syn-ack-after-select',
    at: 'wakes',
    says: 'The SYN-ACK is sent when the server program has woken and looks at its list',
    check: (run) => {
      const [woken, packet] = [wokenOf(run), synAck(run)];
      return finding(
        packet.at > woken.end,
        `SYN-ACK ${apart(packet.at, woken.end)} ${woken.name}() returned`,
      );
    },
  },
  {
    id: 'syn-ack-seq-2000',
    at: 'wakes',
    says: "The server's first sequence number is 2000",
    check: (run) => numbered(synAck(run), 2000),
  },
  {
    id: 'syn-ack-ack',
    at: 'wakes',
    says: "The SYN-ACK acknowledges the client's number plus one (1001)",
    check: (run) => {
      const { ack: acknowledged, relativeAck } = synAck(run).tcp;
      return finding(relativeAck === 1, `${acknowledged}: the SYN's ${syn(run).tcp.seq} and ${relativeAck}`);
    },
  },
  {
    id: 'ack-by-kernel',
    at: 'resumes',
    says: "The client's kernel sends the last ACK by itself, before connect() returns",
    check: (run) => {
      const [connect, packet] = [connectOf(run), ack(run)];
      return finding(packet.at <= connect.end, `ACK ${apart(packet.at, connect.end)} connect() returned`);
    },
  },
  {
    id: 'ack-numbers',
    at: 'resumes',
    says: 'That ACK has sequence number 1001 and acknowledges 2001: each first number plus one',
    check: (run) => {
      const { relativeSeq, relativeAck } = ack(run).tcp;
      return finding(
        relativeSeq === 1 && relativeAck === 1,
        `first numbers plus ${relativeSeq} and plus ${relativeAck}`,
      );
    },
  },
  {
    id: 'connect-waits-for-server',
    at: 'resumes',
    says: 'connect() returns only after the server program has dealt with the connection',
    check: (run) => {
      const [connect, accept] = [connectOf(run), acceptOf(run)];
      const answered = run.wire.captured ? synAck(run).at : undefined;
      // What connect() waits for is there before accept() is called, whichever process is quicker then.
      if (answered === undefined && connect.end >= accept.start)
        need(undefined, 'no packets, and both at once');
      const alone = answered === undefined || answered < accept.start;
      const returned = `it returned ${apart(connect.end, accept.start)} accept() was called`;
      const came = answered === undefined ? '' : `; the SYN-ACK came ${apart(answered, accept.start)} that`;
      return finding(!alone, `${returned}${came}`);
    },
  },
  {
    id: 'established',
    at: 'resumes',
    says: 'The connection is ESTABLISHED when connect() returns',
    check: (run) => {
      const connect = connectOf(run);
      const state = need(stateAfter(connect, run.clientEnd?.fd)?.tcp?.state, 'the state was not looked at');
      return finding(
        connect.result === 0 && state === 'ESTABLISHED',
        `connect() = ${connect.result}, ${state}`,
      );
    },
  },
];
