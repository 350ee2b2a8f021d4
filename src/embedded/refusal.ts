/** The reason why the server does not start: one line for a person, and the exit code. Never a stack trace. */
import { err, type Err } from "../kernel/result.ts";

export interface Refusal {
  /** One sentence that says what is wrong and what to do. It holds no secret. */
  readonly line: string;
  /** 1: the server could not start; 2: the command line is wrong. */
  readonly exit: 1 | 2;
}

export const refuse = (line: string): Err<Refusal> => err({ line, exit: 1 });
export const misuse = (line: string): Err<Refusal> =>
  err({ line: `${line} (--help lists the options)`, exit: 2 });

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of its path is not a folder",
  EEXIST: "it is not a folder",
  EISDIR: "it is a folder",
  ELOOP: "its symbolic links go in circles",
  ENAMETOOLONG: "its name is too long",
};

/** The code of a system error, for instance `EACCES`; null for other errors. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

/** A system error in words. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  if (code !== null) return REASONS[code] ?? code;
  return messageOf(error);
}

/** The first line of an error's message; the following lines may be a stack trace. */
export const messageOf = (error: unknown): string =>
  firstLine(error instanceof Error ? error.message : String(error));

/** The part of a text that may be printed when a stack trace may follow. */
export const firstLine = (text: string): string => text.split("\n", 1)[0]?.trim() ?? "";
