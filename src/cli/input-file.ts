/** Files that the command line names. */
import { readFile } from "node:fs/promises";
import { usage } from "./exit.ts";
import { faultCode } from "./fault-code.ts";

/** @throws CommandFailure (exit 2) when the file cannot be read. */
export const readInput = (file: string): Promise<Buffer> =>
  readFile(file).catch((fault: unknown) => {
    throw usage(`${file} cannot be read (${faultCode(fault)})`);
  });
