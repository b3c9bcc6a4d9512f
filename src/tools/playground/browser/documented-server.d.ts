// examples/documented-server.ts as a function: scripts/bundle.mjs makes it.
declare module 'documented-server' {
  export function serve(): void;
}
