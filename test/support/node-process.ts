/**
 * Node's `process` with Node's type, for tests of the Worker's code: where the Worker's types are in scope too, they
 * declare `process` as `any`. Tests of programs use `process` itself.
 */
import process from "node:process";

export const nodeProcess = process as NodeJS.Process;
