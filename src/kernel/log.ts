/**
 * One JSON line per event. Anything that looks like a Dome credential or a JWT is masked before it is printed (P4),
 * because more people read a log than a database.
 */
import { redactStart } from "./redact.ts";

export type LogLevel = "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  write(level: LogLevel, event: string, fields?: LogFields): void;
}

/** An error message of D1 repeats the parameters of the failed statement: digests, and texts that people wrote. */
const PARAMETERS = /\nparams: .*?(?=\n {4}at |$)/s;

/** The longest text in a line, in characters; a stack trace fits. */
const MOST_TEXT = 16_384;

/** Each value is masked before it is encoded: a mask applied to JSON text could remove half of an escape sequence. */
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
