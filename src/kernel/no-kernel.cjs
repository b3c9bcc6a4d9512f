// What stands for the addon where there is none: a platform's constants and structs, and calls that all fail with ENOSYS, for
// only the simulated kernel (rfds/sim), at the choke point above them, has a kernel to ask.

'use strict';

module.exports = function noKernel(platform, calls, { constants, layout }) {
  const answer = -constants.ENOSYS;
  const exported = { platform, constants, layout };
  for (const name of calls) exported[name] = () => answer;
  // These two answer with EAI_SYSTEM, which bears an errno.
  for (const name of ['getaddrinfo', 'getnameinfo']) exported[name] = () => answer - 1000;
  exported.gai_strerror = () => 0;
  exported.batch = (_, entries) => {
    let n = 0;
    while (entries[n * 5] === 0 || entries[n * 5] === 1) entries[n++ * 5] = answer;
    return n;
  };
  exported.maybe_pending = new Int32Array(1).fill(1);
  return exported;
};
