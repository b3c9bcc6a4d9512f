// What rfds has of a Python module, on Linux (by the built module, at run time) and on macOS (by the header, and
// by the table of the raw calls). For python-doc.mjs.
import { readFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const text = (path) => readFileSync(new URL(path, root), 'utf8');
const dist = (file) => import(new URL(`dist/${file}.js`, root));

const { kernelName } = await dist('kernel/calls');
const headers = JSON.parse(text('scripts/macos-names.json'));
const onMacos = new Set(headers.has);
const notOnMacos = new Set(headers.lacks);
for (const [, name] of text('native/constants.inc').matchAll(/^\{"(\w+)"/gm)) {
  if (onMacos.has(name) || notOnMacos.has(name)) continue;
  console.error(`${name}: is it in macOS' headers? Run npm run cross, then node scripts/macos-names.mjs`);
  process.exit(1);
}

// KQ_EV_ADD → EV_ADD: Python's names for what C has under another.
const cNames = new Map(
  [...text('src/python/select/kq-constants.ts').matchAll(/(\w+) as (\w+)/g)].map(([, c, ours]) => [ours, c]),
);

// What nothing can be done without: the raw call behind it.
const needs = {
  epoll: 'epoll_create1',
  EpollSelector: 'epoll_create1',
  kqueue: 'kqueue',
  KqueueSelector: 'kqueue',
};
const lacks = (name, platform) => name in needs && kernelName(needs[name], platform, 'x64') === null;

// Python's protocols are symbols of JavaScript's.
const protocols = { __enter__: Symbol.dispose, __exit__: Symbol.dispose, __iter__: Symbol.iterator };

/** Everything that an object of a class has: its own, and its prototypes' up to Object's. */
function keysOf(object) {
  const keys = new Set();
  for (let one = object; one && one !== Object.prototype; one = Object.getPrototypeOf(one)) {
    for (const key of Reflect.ownKeys(one)) keys.add(key);
  }
  return keys;
}

// Classes whose objects say more than their prototype: attributes, and what a function makes.
async function specimens() {
  const [socket, select, { Kqueue }, { SelectorKey }] = await Promise.all(
    ['socket', 'select', 'python/select/kqueue', 'python/selectors/base'].map(dist),
  );
  const one = socket.socket();
  const epoll = select.epoll();
  const found = {
    socket: keysOf(one),
    poll: keysOf(select.poll()),
    epoll: keysOf(epoll),
    kqueue: keysOf(Kqueue.prototype),
    kevent: keysOf(select.kevent(0)),
    SelectorKey: keysOf(new SelectorKey(0, 0, 1, null)),
  };
  one.close();
  epoll.close();
  return found;
}
const objects = await specimens();

// Of an abstract class the declarations: nothing of them is left at run time.
const abstract = new Set(
  [
    ...text('dist/python/selectors/base.d.ts')
      .split('class KernelSelector')[0]
      .matchAll(/^ +abstract (\w+)\(/gm),
  ].map(([, name]) => `BaseSelector.${name}`),
);

const yes = (there) => (there ? 'yes' : 'no');

export class Rfds {
  #exports;

  static async of(module) {
    const rfds = new Rfds();
    rfds.#exports = await dist(module);
    return rfds;
  }

  names() {
    return Object.keys(this.#exports).sort();
  }

  /** Whether a name of the module is there, on each platform: yes, no or ENOSYS. */
  places(name) {
    if (!(name in this.#exports)) return { linux: 'no', macos: 'no' };
    const c = cNames.get(name) ?? name;
    return {
      linux: lacks(name, 'linux') ? 'ENOSYS' : yes(this.#exports[name] !== undefined),
      macos: lacks(name, 'darwin') ? 'ENOSYS' : yes(!notOnMacos.has(c)),
    };
  }

  /** The same of a class's method or attribute. */
  memberPlaces(name, member) {
    const its = this.#exports[name];
    const keys = objects[name] ?? keysOf(its.prototype);
    const key = protocols[member] ?? member;
    const isStatic = !['name', 'length', 'prototype'].includes(member) && Object.hasOwn(its, member);
    if (!keys.has(key) && !isStatic && !abstract.has(`${name}.${member}`))
      return { linux: 'no', macos: 'no' };
    return this.places(name);
  }
}
