// The order of the files: what takes long begins first, so that nothing long is left for the end, when
// the other workers have nothing to do. The rest as vitest orders it.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const longest = [
  'tools/trace/page',
  'tools/compare/page-looks',
  'tools/trace/trace',
  'programs/survive',
  'programs/allocation',
  'tools/compare/call-costs',
  'tools/compare/compare',
  'programs/idle',
  'interpose/recorder-strace',
  'interpose/recorder',
  'programs/client',
  'programs/peers',
  'python/differential',
  'tools/trace/pcapng',
  'kernel/fuzz',
  'cli',
];

const rank = ({ moduleId }: TestSpecification) => {
  const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return at < 0 ? longest.length : at;
};

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
