import { stripVTControlCharacters } from "node:util";

/**
 * Workerd writes notes to its own developers, and a stack of addresses for each object that a test crashes, leaves no
 * room or makes deaf, for each name that a test cannot resolve, for each answer that Dome cuts while it is on its way, and
 * for a statement that was on its way to D1 when a file of tests ended. It warns of headers that hostile tests send, and
 * Vite of a library that is published without its sources. In a run that passes all this looks like failures.
 */
const EXPECTED: readonly RegExp[] = [
  /^NOSENTRY /,
  /^(?:uncaught )?exception.*\bjsg\.Error: crash\b/,
  /^(?:uncaught )?exception;.*\bError: database or disk is full: SQLITE_FULL/,
  /^(?:uncaught )?exception;.*\bError: deaf: SQLITE_CONSTRAINT\b/,
  /failed to lookup address information/,
  /^uncaught exception;.*\bUpstreamFault: the answer ended early: \w+/,
  /^exception = .*\bdisconnected: fixed-length pipe ended prematurely/,
  /^\[mf:error\] Error: Network connection lost\.\n +at async D1DatabaseObject\b/,
  /^A header value for "[\w-]+" contains non-ASCII characters: /,
  /^Sourcemap for ".*\/node_modules\/.*" points to missing source files/,
  /^uncaught exception;.*\bError: internal error; reference = \w+/,
];

const isExpected = (text: unknown): boolean =>
  typeof text === "string" && EXPECTED.some((note) => note.test(stripVTControlCharacters(text)));

/** Keeps these notes out of the output of the process that runs the tests. */
export function hushRuntime(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...parts: unknown[]) => boolean;
    stream.write = (...parts: unknown[]): boolean => isExpected(parts[0]) || write(...parts);
  }
}
