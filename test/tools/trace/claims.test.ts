// The walkthrough's claims against a real recording, and against recordings that were changed so that
// a claim's verdict must change with them.

import { describe, expect, test } from 'vitest';
import type { PacketLine, Recording } from '../../../src/interpose/recorder/recording.ts';
import {
  anchors,
  checkClaims,
  claims,
  renderClaims,
  tally,
  type Verdict,
} from '../../../src/tools/trace/render/claims/claims.ts';
import { base64, callOf, changed, hello } from '../../support/hello-recording.ts';

const checkedOf = (recording: Recording) => new Map(checkClaims(recording).map((claim) => [claim.id, claim]));
const verdictsOf = (recording: Recording) =>
  Object.fromEntries([...checkedOf(recording)].map(([id, { verdict }]) => [id, verdict]));
const packetOf = ({ packets }: Recording, ...flags: string[]): PacketLine =>
  packets.find(({ tcp }) => tcp!.flags.toSorted().join() === flags.toSorted().join())!;

describe('the list of claims', () => {
  test('has at least one for each section and numbered step of the walkthrough, in their order', () => {
    const places = claims.map(({ at }) => at);
    expect(places.filter((at) => !(at in anchors))).toEqual([]);
    expect([...new Set(places)]).toEqual(Object.keys(anchors));
  });

  test('names each once, says it in a sentence of its own, and has no fewer than sixty', () => {
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
    expect(claims.length).toBeGreaterThanOrEqual(60);
    for (const { says } of claims) expect(says).toMatch(/^([A-Z]|\w+\(\) ).* .*[^.]$/);
  });
});

describe('a real run over loopback', () => {
  const verdicts = verdictsOf(hello());

  // What the walkthrough has wrong, above all.
  test.each([
    'message-26',
    'response-45',
    'select-wakes-on-syn',
    'syn-ack-after-select',
    'connect-waits-for-server',
    'tcp-header-20',
    'wire-84',
    'memory-send-buffer',
    'response-ack-1027',
    'send-then-packet',
    'server-fd-3',
    'syn-seq-1000',
  ])('contradicts %s', (id) => {
    expect(verdicts[id]).toBe('contradicted');
  });

  test.each([
    'reuseaddr',
    'listen-queue',
    'rfds-listener',
    'select-blocks',
    'syn-from-connect',
    'three-packets',
    'established',
    'accept-address',
    'rfds-both',
    'message-format',
    'utf8',
    'segment-seq-1001',
    'segment-flags',
    'ip-ttl-64',
    'in-receive-buffer',
    'recv-is-message',
    'getpeername-twice',
    'server-prints',
    'response-format',
    'three-times',
    'delay-sum',
    'server-loops',
    'memory-consumed',
    'accept-from-queue',
  ])('shows %s', (id) => {
    expect(verdicts[id]).toBe('seen');
  });

  test('measures what the walkthrough has otherwise', () => {
    const measured = Object.fromEntries([...checkedOf(hello())].map(([id, claim]) => [id, claim.measured]));
    expect(measured).toMatchObject({
      'message-26': '23 bytes',
      'response-45': '41 bytes',
      'tcp-header-20': '32 bytes, options: NOP 1, NOP 1, TS 10',
      'ip-total-66': '75 bytes: 20 IP + 32 TCP + 23 data',
      'wire-84': '89 bytes',
      'response-85': '107 bytes',
      'response-ack-1027': expect.stringMatching(/the SYN's plus 24: the walkthrough's 1024$/),
    });
  });
});

describe('a claim looks at the recording', () => {
  test('nothing is seen or contradicted where nothing was recorded', () => {
    const [server, client] = hello().processes;
    const empty = { processes: [server, client], frames: [], sources: [], calls: [], packets: [], notes: [] };
    for (const recording of [empty, { ...empty, processes: [] }]) {
      const visible = checkClaims(recording).filter(({ verdict }) => verdict !== 'not visible');
      expect(visible.map(({ id }) => id)).toEqual([]);
    }
  });

  test('without packets, what was on the wire is not visible, and what the calls show still is', () => {
    const verdicts = verdictsOf(changed((recording) => recording.packets.splice(0)));
    for (const id of [
      'syn-from-connect',
      'three-packets',
      'tcp-header-20',
      'wire-84',
      'response-ack-1027',
      'client-acks',
    ]) {
      expect([id, verdicts[id]]).toEqual([id, 'not visible']);
    }
    expect(verdicts).toMatchObject({
      'message-26': 'contradicted',
      'recv-is-message': 'seen',
      established: 'seen',
    });
    // The accept queue tells it, too.
    expect(verdicts['select-wakes-on-syn']).toBe('contradicted');
  });

  test('inferred packets prove nothing', () => {
    const inferred = changed(({ packets }) => {
      for (const packet of packets) packet.inferred = true;
    });
    expect(verdictsOf(inferred)).toMatchObject({
      'tcp-header-20': 'not visible',
      'syn-from-connect': 'not visible',
    });
  });

  const flips: [id: string, to: Verdict, change: (recording: Recording) => void][] = [
    ['server-fd-3', 'seen', (recording) => renumber(recording, 'server', 21, 3)],
    ['client-fd-4', 'seen', (recording) => renumber(recording, 'client', 20, 4)],
    [
      'reuseaddr',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'setsockopt').args[3].value = 0;
      },
    ],
    [
      'listen-passive',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'listen').sockets![0].tcp!.state = 'CLOSE';
      },
    ],
    [
      'rfds-listener',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'select').args[1].value = [21, 99];
      },
    ],
    [
      'select-blocks',
      'contradicted',
      (run) => {
        const select = callOf(run, 'server', 'select');
        select.cpu = select.end - select.start;
      },
    ],
    [
      'syn-from-connect',
      'contradicted',
      (run) => {
        packetOf(run, 'SYN').at = callOf(run, 'client', 'connect').start - 1;
      },
    ],
    [
      'syn-seq-1000',
      'seen',
      (run) => {
        packetOf(run, 'SYN').tcp!.seq = 1000;
      },
    ],
    [
      'syn-ack-after-select',
      'seen',
      (run) => {
        packetOf(run, 'SYN', 'ACK').at = callOf(run, 'server', 'select').end + 1;
      },
    ],
    [
      'select-wakes-on-syn',
      'seen',
      (run) => {
        const queue = callOf(run, 'server', 'select').sockets!.find(({ fd }) => fd === 21)!.acceptQueue!;
        queue.length = 0;
      },
    ],
    [
      'connect-waits-for-server',
      'seen',
      (run) => {
        packetOf(run, 'SYN', 'ACK').at = callOf(run, 'server', 'accept4').start + 1;
      },
    ],
    [
      'established',
      'contradicted',
      (run) => {
        callOf(run, 'client', 'connect').sockets![0].tcp!.state = 'SYN_SENT';
      },
    ],
    [
      'accept-printed',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'write').data = base64('Hi\n');
      },
    ],
    [
      'rfds-both',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'select', 1).args[1].value = [22];
      },
    ],
    [
      'message-26',
      'seen',
      (run) => {
        callOf(run, 'client', 'send').result = 26;
      },
    ],
    [
      'message-format',
      'contradicted',
      (run) => {
        callOf(run, 'client', 'send').data = base64('Hello');
      },
    ],
    [
      'message-26',
      'not visible',
      (run) => {
        callOf(run, 'client', 'send').data = base64('1700000000.123456:Bye');
      },
    ],
    [
      'send-then-packet',
      'seen',
      (run) => {
        packetOf(run, 'PSH', 'ACK').at = callOf(run, 'client', 'send').end + 1;
      },
    ],
    [
      'tcp-header-20',
      'seen',
      (run) => {
        packetOf(run, 'PSH', 'ACK').tcp!.headerLength = 20;
      },
    ],
    [
      'segment-flags',
      'contradicted',
      (run) => {
        packetOf(run, 'PSH', 'ACK').tcp!.flags = ['ACK', 'URG'];
      },
    ],
    [
      'window-65535',
      'seen',
      (run) => {
        packetOf(run, 'PSH', 'ACK').tcp!.window = 65535;
      },
    ],
    [
      'tcp-checksum',
      'seen',
      (run) => {
        packetOf(run, 'PSH', 'ACK').tcp!.checksumStatus = 'good';
      },
    ],
    [
      'ip-ttl-64',
      'contradicted',
      (run) => {
        packetOf(run, 'PSH', 'ACK').ip!.ttl = 63;
      },
    ],
    [
      'wire-84',
      'seen',
      (run) => {
        packetOf(run, 'PSH', 'ACK').length = 84;
      },
    ],
    [
      'ethernet-macs',
      'seen',
      (run) => {
        packetOf(run, 'PSH', 'ACK').link!.source = 'aa:bb:cc:dd:ee:ff';
      },
    ],
    [
      'select-wakes-on-data',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'select', 1).ready = [21, 22];
      },
    ],
    [
      'recv-1024',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'recv').args[2].value = 512;
      },
    ],
    [
      'in-receive-buffer',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'select', 1).sockets!.find(({ fd }) => fd === 22)!.receiveQueue = 0;
      },
    ],
    [
      'recv-is-message',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'recv').data = base64('17');
      },
    ],
    [
      'getpeername-twice',
      'contradicted',
      (run) => {
        run.calls.splice(run.calls.indexOf(callOf(run, 'server', 'getpeername')), 1);
      },
    ],
    [
      'response-45',
      'seen',
      (run) => {
        callOf(run, 'client', 'recv').result = 45;
      },
    ],
    [
      'client-recv-1024',
      'seen',
      (run) => {
        callOf(run, 'client', 'recv').args[2].value = 1024;
      },
    ],
    [
      'client-acks',
      'contradicted',
      (run) => {
        run.packets = run.packets.filter(({ tcp }) => tcp!.relativeAck !== 42 || tcp!.flags.includes('FIN'));
      },
    ],
    [
      'server-order',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'bind').name = 'connect';
      },
    ],
    [
      'three-packets',
      'contradicted',
      (run) => {
        run.packets.splice(run.packets.indexOf(packetOf(run, 'ACK')), 1);
      },
    ],
    [
      'memory-consumed',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'recv').sockets!.find(({ fd }) => fd === 22)!.receiveQueue = 5;
      },
    ],
    [
      'accept-from-queue',
      'contradicted',
      (run) => {
        callOf(run, 'server', 'accept4').sockets!.find(({ fd }) => fd === 21)!.acceptQueue!.length = 1;
      },
    ],
  ];

  test.each(flips)('%s is %s then', (id, to, change) => {
    expect(verdictsOf(hello())[id]).not.toBe(to);
    expect(verdictsOf(changed(change))[id]).toBe(to);
  });
});

/** Another number for a descriptor, in all calls of a process. */
function renumber({ processes, calls }: Recording, role: string, from: number, to: number): void {
  const { pid } = processes.find((process) => process.role === role)!;
  for (const call of calls.filter((call) => call.pid === pid)) {
    if (call.fd === from) call.fd = to;
    if (call.name === 'socket' && call.result === from) call.result = to;
    for (const arg of call.args) if (arg.name === 'fd' && arg.value === from) arg.value = to;
    for (const state of call.sockets ?? []) if (state.fd === from) state.fd = to;
  }
}

describe('the document', () => {
  const document = renderClaims(hello());
  const rows = document.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| #'));

  test('has a row for each claim, with its place, words, verdict and measurement', () => {
    const checked = checkClaims(hello());
    expect(rows).toHaveLength(claims.length);
    for (const [i, row] of rows.entries()) {
      const cells = row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim());
      expect(cells).toHaveLength(5);
      expect(cells.every((cell) => cell !== '')).toBe(true);
      expect(cells.slice(0, 2)).toEqual([String(i + 1), checked[i].where]);
      expect(cells[3].replaceAll('*', '')).toBe(checked[i].verdict);
    }
  });

  test('says from which machine it is, and counts the verdicts', () => {
    const [{ kernel, runtime }] = hello().processes;
    expect(document).toContain(`linux ${kernel} x64, ${runtime}`);
    expect(document).toContain('captured on lo');
    expect(document).toContain(tally(checkClaims(hello())));
  });

  test('what would be Markdown in a cell stands as itself', () => {
    const recording = changed((run) => {
      callOf(run, 'server', 'write').data = base64('a|b*c_d`e\n');
    });
    expect(renderClaims(recording)).toContain("'a\\|b\\*c\\_d\\`e\\\\n'");
  });
});
