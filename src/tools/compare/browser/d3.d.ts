// What draw.ts uses of d3, which brings no types of its own.

declare module 'd3' {
  export function format(specifier: string): (n: number) => string;
  export function scaleLog(domain: [number, number], range: [number, number]): (n: number) => number;
  export function extent(values: readonly number[]): [number, number];
  export function descending(a: number, b: number): number;
  export function max(values: readonly number[]): number;
  export function max<T>(values: readonly T[], of: (value: T) => number): number;
  export function min(values: readonly number[]): number;
  export function min<T>(values: readonly T[], of: (value: T) => number): number;
  export function ticks(start: number, stop: number, count: number): number[];
  export function range(stop: number): number[];
  export function range(start: number, stop: number): number[];
  export function group<T, K>(values: readonly T[], key: (value: T) => K): Map<K, T[]>;
  export function line(): (points: [number, number][]) => string;

  export interface Selection {
    attr(name: string, value: string | number): Selection;
    append(name: string): Selection;
    text(value: string): Selection;
    node(): SVGElement;
  }
  export function create(name: string): Selection;
}
