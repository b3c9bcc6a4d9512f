// Tests a server, or any program of sockets, for every order of events: the program runs unmodified on a simulated
// kernel, in virtual time, and explore() visits the schedules. docs/sim.md

import './startup.ts';

export { NotModelled } from './sim/call-base.ts';
export { type Chooser, formatSchedule, parseSchedule } from './sim/choices.ts';
export {
  CallError,
  type Calling,
  type Data,
  type PeerAddress,
  type PeerListener,
  type PeerSocket,
  type ProcessCalls,
  Unexpected,
} from './sim/client.ts';
export {
  type Build,
  type Explored,
  type ExploreOptions,
  explore,
  type Found,
  replay,
} from './sim/explore.ts';
export type { Host, Link } from './sim/network.ts';
export type { Peer } from './sim/peer.ts';
export type { ScriptStep } from './sim/script.ts';
export {
  defaultFaults,
  missing,
  type Outcome,
  Violation,
  World,
  WorldEnd,
  type WorldOptions,
} from './sim/world.ts';
export { recording, story, type Told } from './tools/simulated/tell.ts';
