// What stands for the addon in a page: the constants and structs of Linux, and calls that no kernel answers, for the
// simulated one, at the choke point above them, does.

import darwin from '../../../../kernel/darwin-abi.json' with { type: 'json' };
import linux from '../../linux-abi.json' with { type: 'json' };

const { constants, layout } = linux;

const answer = -constants.ENOSYS;
const exported: Record<string, unknown> = {
  platform: 'linux',
  constants,
  layout,
  maybe_pending: new Int32Array(1).fill(1),
};
for (const name of darwin.calls) exported[name] ??= () => answer;
for (const name of ['getaddrinfo', 'getnameinfo']) exported[name] = () => answer - 1000;
export default exported;
