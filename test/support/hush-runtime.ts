/**
 * Workerd writes notes to its own developers, and a stack of addresses for each object that a test crashes or leaves no
 * room, and for each name that a test cannot resolve. In a run that passes they look like failures.
 */
const EXPECTED: readonly RegExp[] = [
  /^NOSENTRY /,
  /^(?:uncaught )?exception.*\bjsg\.Error: crash\b/,
  /^(?:uncaught )?exception;.*\bError: database or disk is full: SQLITE_FULL/,
  /failed to lookup address information/,
  /^uncaught exception;.*\bError: internal error; reference = \w+/,
];

const isExpected = (text: unknown): boolean =>
  typeof text === "string" && EXPECTED.some((note) => note.test(text));

/** Keeps these notes out of the output of the process that runs the tests. */
export function hushRuntime(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...parts: unknown[]) => boolean;
    stream.write = (...parts: unknown[]): boolean => isExpected(parts[0]) || write(...parts);
  }
}
