// Written by scripts/constants.mjs. packet(7).
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const ETH_P_ALL = constants.ETH_P_ALL as number;
export const ETH_P_IP = constants.ETH_P_IP as number;
export const ETH_P_IPV6 = constants.ETH_P_IPV6 as number;
export const ETH_P_ARP = constants.ETH_P_ARP as number;
export const PACKET_HOST = constants.PACKET_HOST as number;
export const PACKET_BROADCAST = constants.PACKET_BROADCAST as number;
export const PACKET_MULTICAST = constants.PACKET_MULTICAST as number;
export const PACKET_OTHERHOST = constants.PACKET_OTHERHOST as number;
export const PACKET_OUTGOING = constants.PACKET_OUTGOING as number;
export const PACKET_LOOPBACK = constants.PACKET_LOOPBACK as number;
export const PACKET_ADD_MEMBERSHIP = constants.PACKET_ADD_MEMBERSHIP as number;
export const PACKET_DROP_MEMBERSHIP = constants.PACKET_DROP_MEMBERSHIP as number;
export const PACKET_STATISTICS = constants.PACKET_STATISTICS as number;
export const PACKET_AUXDATA = constants.PACKET_AUXDATA as number;
export const PACKET_IGNORE_OUTGOING = constants.PACKET_IGNORE_OUTGOING as number;
export const TP_STATUS_CSUMNOTREADY = constants.TP_STATUS_CSUMNOTREADY as number;
export const TP_STATUS_CSUM_VALID = constants.TP_STATUS_CSUM_VALID as number;
export const TP_STATUS_VLAN_VALID = constants.TP_STATUS_VLAN_VALID as number;
export const TP_STATUS_VLAN_TPID_VALID = constants.TP_STATUS_VLAN_TPID_VALID as number;
