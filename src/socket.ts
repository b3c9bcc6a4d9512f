// Python's socket module: the door of rfds/socket, only exports. Above: the servers and the client.
// Below, from what is asked for to the kernel: socket-functions.ts makes a Socket; socket-object.ts is
// one, upon socket-messages.ts, socket-stream.ts, socket-names.ts and socket-state.ts.

export type {
  Address,
  AddressLike,
  Inet6Address,
  InetAddress,
  LinkAddress,
  NetlinkAddress,
  PacketAddress,
  VsockAddress,
} from './address.ts';
export type { BytesLike } from './bytes.ts';
export * from './constants/families.ts';
export * from './constants/names.ts';
export * from './constants/packet.ts';
export * from './constants/socket.ts';
export { CMSG_LEN, CMSG_SPACE } from './control.ts';
export { OSError as error, TimeoutError as timeout } from './errno.ts';
export * from './host-names.ts';
export * from './inet.ts';
export { if_indextoname, if_nameindex, if_nametoindex } from './interfaces.ts';
export { type AddressInfo, gaierror, getaddrinfo, type Hints, herror } from './names.ts';
export * from './options.ts';
export type { SendableFile } from './sendable-file.ts';
export * from './socket-connections.ts';
export { type FileOptions, SocketFile } from './socket-file.ts';
export * from './socket-functions.ts';
export { SocketIO } from './socket-io.ts';
export type { AncillaryData, AncillaryDataLike } from './socket-messages.ts';
export { Socket, Socket as SocketType } from './socket-object.ts';
export * from './socket-rights.ts';
export { TCP_INFO_OPTION, type TcpInfo, unpackTcpInfo } from './tcp-info.ts';
export { getdefaulttimeout, setdefaulttimeout } from './timeout.ts';
