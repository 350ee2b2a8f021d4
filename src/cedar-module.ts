/**
 * Cedar's engine as the Worker has it: compiled when the Worker is loaded, because a Worker compiles none later. Its package
 * exports no path to the file, so it is named by its place; the types beside it are those of an instance.
 */
import * as file from "../node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm";
import type { CedarModule } from "./policy/cedar.ts";

export const cedarModule: CedarModule = () => (file as unknown as { readonly default: object }).default;
