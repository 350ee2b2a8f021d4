/**
 * One JSON line per event. What looks like a Dome credential or a JWT is masked before it is printed (P4): a log is
 * read by more people than a database.
 */
export type LogLevel = "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  write(level: LogLevel, event: string, fields?: LogFields): void;
}

const SECRET = /dome_[ao]t_[0-9A-Za-z]+|eyJ[\w-]+\.[\w-]+\.[\w-]*/g;

const WHOLE_SECRET = /dome_[ao]t_[0-9A-Za-z]{49}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/;

/** True when a whole API key, operator token or signed JWT stands in the text: it must not be stored or repeated. */
export const holdsCredential = (text: string): boolean => WHOLE_SECRET.test(text);

/** Masks API keys, operator tokens and JWTs wherever they stand in a text. */
export const redact = (text: string): string => text.replace(SECRET, "[redacted]");

/** A database's message repeats what a failed statement was given: digests, and what people wrote. */
const PARAMETERS = /\nparams: .*?(?=\n {4}at |$)/s;

const withoutParameters = (_name: string, value: unknown): unknown =>
  typeof value === "string" ? value.replace(PARAMETERS, "") : value;

export const consoleLog: Log = {
  write: (level, event, fields) => {
    const line = redact(JSON.stringify({ level, event, ...fields }, withoutParameters));
    if (level === "error") console.error(line);
    else if (level === "warn") console.warn(line);
    else console.log(line);
  },
};
