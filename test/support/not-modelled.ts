// The errno table's rows that are not run on the simulated kernel, by their numbers, and why. Parts of other rows are
// left out where the row says so: what the addon answers before the kernel is asked, and what needs paths.

const argument = 'the addon answers before the kernel is asked, and a simulation stands behind no addon';
const paths = 'there is no file system: a path is only the name of a socket';
const rights = 'there are no users and no rights of files';

export const notModelled: Readonly<Record<string, string>> = {
  '3.1.23': paths,
  '3.1.24': rights,
  '3.1.38': rights,
  '3.2.2': argument,
  '3.2.17': 'sendmmsg() and recvmmsg() are not modelled',
  '3.2.22': argument,
  '3.3.12': argument,
  '3.3.13': 'processes have no users: SO_PEERCRED is not modelled',
  '3.3.22': 'leases of files are not modelled',
  '3.3.26': 'interfaces are not modelled',
  '3.3.35': 'O_DIRECT pipes are not modelled',
  '3.4.4': argument,
  '3.4.9': argument,
  '3.4.33': 'signalfd() is not modelled',
  '3.4.34': 'signalfd() is not modelled',
};
