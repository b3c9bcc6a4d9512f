/** What the addon exports, as native.ts has it, without a kernel beneath. calls: the names of its functions. */
declare function noKernel(
  platform: string,
  calls: readonly string[],
  abi: { constants: object; layout: object },
): object;
export = noKernel;
