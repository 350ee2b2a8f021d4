/** Cedar's WebAssembly for tests on Node. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Cedar, type CedarModule } from "../../src/policy/cedar.ts";

const FILE = join(import.meta.dirname, "../../node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm");

export const cedarModule: CedarModule = () => readFileSync(FILE);

/** Files of one process share the engine, as requests of an isolate do. */
export const testCedar = (): Cedar => new Cedar(cedarModule);
