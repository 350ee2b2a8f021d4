/** What the package offers. */
export { VERSION } from "./version.ts";
