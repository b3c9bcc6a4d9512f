// The kernel's filter of a capture, a classic BPF program: what it does not let through takes no space in the
// socket's receive buffer, so that other traffic on the interface, at whatever rate, loses no packet of ours.
// socket(7) SO_ATTACH_FILTER, and Documentation/networking/filter.rst of the kernel's source.

import {
  BPF_ABS,
  BPF_B,
  BPF_H,
  BPF_IND,
  BPF_JEQ,
  BPF_JMP,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_MSH,
  BPF_RET,
} from '../../../kernel/constants/bpf.ts';
import { ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6 } from '../../../kernel/constants/packet.ts';
import { IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../../kernel/constants/socket.ts';
import { packFilter } from '../../../kernel/structs/packet.ts';

/** How many bytes of a packet are let through: all. */
const WHOLE = 0x40000;

const IP = 14;
const IP6_HEADER = 40;

/** An instruction, and where it jumps to: no label, the next one. */
interface Step {
  code: number;
  k: number;
  yes?: string;
  no?: string;
}

const load = (size: number, at: number): Step => ({ code: BPF_LD | size | BPF_ABS, k: at });
const branch = (k: number, yes?: string, no?: string): Step => ({
  code: BPF_JMP | BPF_JEQ | BPF_K,
  k,
  ...(yes !== undefined && { yes }),
  ...(no !== undefined && { no }),
});
const answer = (length: number): Step => ({ code: BPF_RET | BPF_K, k: length });

/**
 * Lets through what is TCP from or to the port, IPv4 and IPv6, and what is not told at a glance: a VLAN's tag that
 * the kernel left in the frame, IPv6's extension headers. isOfPort() of wire/decode.ts decides on those.
 */
export function portFilter(port: number): Buffer {
  const program: Record<string, Step[]> = {
    start: [
      load(BPF_H, 12), // the EtherType
      branch(ETH_P_IP, 'ip4'),
      branch(ETH_P_IPV6, 'ip6'),
      branch(ETH_P_8021Q, 'take'),
      branch(ETH_P_8021AD, 'take', 'drop'),
    ],
    ip4: [
      load(BPF_B, IP + 9), // the protocol
      branch(IPPROTO_TCP, undefined, 'drop'),
      { code: BPF_LDX | BPF_B | BPF_MSH, k: IP }, // X is the length of the IP header
      { code: BPF_LD | BPF_H | BPF_IND, k: IP }, // the source port
      branch(port, 'take'),
      { code: BPF_LD | BPF_H | BPF_IND, k: IP + 2 }, // the destination port
      branch(port, 'take', 'drop'),
    ],
    ip6: [
      load(BPF_B, IP + 6), // the next header
      branch(IPPROTO_UDP, 'drop'),
      branch(IPPROTO_ICMPV6, 'drop'),
      branch(IPPROTO_TCP, undefined, 'take'),
      load(BPF_H, IP + IP6_HEADER),
      branch(port, 'take'),
      load(BPF_H, IP + IP6_HEADER + 2),
      branch(port, 'take', 'drop'),
    ],
    take: [answer(WHOLE)],
    drop: [answer(0)],
  };
  return assembled(program);
}

/** Jumps are forward, and say how many instructions to skip. */
function assembled(program: Record<string, Step[]>): Buffer {
  const starts = new Map<string, number>();
  const steps: Step[] = [];
  for (const [label, block] of Object.entries(program)) {
    starts.set(label, steps.length);
    steps.push(...block);
  }
  const skip = (label: string | undefined, i: number) =>
    label === undefined ? 0 : starts.get(label)! - i - 1;
  return packFilter(steps.map(({ code, k, yes, no }, i) => [code, skip(yes, i), skip(no, i), k]));
}
