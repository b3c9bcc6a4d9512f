// Python's socket module.

import './startup.ts';

export { CMSG_LEN, CMSG_SPACE } from './kernel/structs/cmsghdr.ts';
export type {
  Inet6Address,
  InetAddress,
  NetlinkAddress,
  VsockAddress,
} from './kernel/structs/sockaddr.ts';
export { TCP_INFO_OPTION, type TcpInfo, unpackTcpInfo } from './kernel/structs/tcp-info.ts';
export { OSError as error, TimeoutError as timeout } from './python/errors.ts';
export {
  type Address,
  type AddressLike,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Family,
  type LinkAddress,
  type PacketAddress,
  type UnixAddress,
} from './python/socket/address.ts';
export type { BytesLike } from './python/socket/bytes.ts';
export * from './python/socket/constants.ts';
export * from './python/socket/functions.ts';
export * from './python/socket/inet.ts';
export { if_indextoname, if_nameindex, if_nametoindex } from './python/socket/interfaces.ts';
export {
  type AddressInfo,
  gaierror,
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbyname_ex,
  gethostname,
  getnameinfo,
  type Hints,
  herror,
  sethostname,
} from './python/socket/netdb.ts';
export * from './python/socket/options.ts';
export type { SendableFile } from './python/socket/sendfile.ts';
export { getprotobyname, getservbyname, getservbyport } from './python/socket/services.ts';
export {
  type AncillaryData,
  type AncillaryDataLike,
  getdefaulttimeout,
  Socket,
  Socket as SocketType,
  setdefaulttimeout,
} from './python/socket/socket.ts';
export { SocketFile } from './python/socket/socket-file.ts';
export { SocketIO } from './python/socket/socket-io.ts';
export type { FileOptions } from './python/socket/text-file.ts';
