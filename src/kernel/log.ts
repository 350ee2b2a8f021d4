/**
 * One JSON line per event. What looks like a Dome credential or a JWT is masked before it is printed (P4): a log is
 * read by more people than a database.
 */
import { redactStart } from "./redact.ts";

export type LogLevel = "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  write(level: LogLevel, event: string, fields?: LogFields): void;
}

/** A database's message repeats what a failed statement was given: digests, and what people wrote. */
const PARAMETERS = /\nparams: .*?(?=\n {4}at |$)/s;

/** Longest text in a line, in characters: a stack trace fits. */
const MOST_TEXT = 16_384;

/** Masked before it is encoded: a mask over JSON text could take a half of an escape with it. */
const masked = (_name: string, value: unknown): unknown =>
  typeof value === "string" ? redactStart(value.replace(PARAMETERS, ""), MOST_TEXT) : value;

export const consoleLog: Log = {
  write: (level, event, fields) => {
    const line = JSON.stringify({ level, event, ...fields }, masked);
    if (level === "error") console.error(line);
    else if (level === "warn") console.warn(line);
    else console.log(line);
  },
};
