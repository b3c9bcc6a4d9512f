// struct ifreq: what ioctl(2) asks of an interface by its name, and answers. netdevice(7).

import { IF_NAMESIZE } from '../constants/ioctl.ts';
import { bytes, i16, i32, overlaid, struct, text } from './struct.ts';

const SIZEOF_SOCKADDR = 16;

/**
 * struct ifreq. Behind the name lies a union: a request reads or writes one of its members, and unpack() reads
 * the bytes as each. Those that macOS lacks (ifr_ifindex, ifr_hwaddr, ifr_qlen) are laid out as on Linux.
 */
export const ifreq = struct('ifreq', {
  /** The interface: 1-15 bytes. */
  ifr_name: text(IF_NAMESIZE),
  /** SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK: a struct sockaddr, for unpackSockaddr(). */
  ifr_addr: overlaid(bytes(SIZEOF_SOCKADDR, 2)),
  /** SIOCGIFHWADDR: a struct sockaddr whose family is an ARPHRD_*, and the address behind it. */
  ifr_hwaddr: overlaid(bytes(SIZEOF_SOCKADDR, 2)),
  /** SIOCGIFFLAGS, SIOCSIFFLAGS: IFF_*. */
  ifr_flags: overlaid(i16),
  /** SIOCGIFINDEX, Linux. */
  ifr_ifindex: overlaid(i32),
  /** SIOCGIFMETRIC. */
  ifr_metric: overlaid(i32),
  /** SIOCGIFMTU: bytes. */
  ifr_mtu: overlaid(i32),
  /** SIOCGIFTXQLEN, Linux. */
  ifr_qlen: overlaid(i32),
});
