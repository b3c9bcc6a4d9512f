/** What the addon exports; native.ts has its type. */
declare const addon: object;
export = addon;
