import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { VERSION } from "../../../sdk/typescript/src/version.ts";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

it("deploys under the version that the package has", () => {
  expect(readFileSync("wrangler.toml", "utf8")).toContain(`DOME_VERSION = "${version}"`);
});

it("gives the package for agents the version of the service that it was tested with", () => {
  const sdk = JSON.parse(readFileSync("sdk/typescript/package.json", "utf8")) as { version: string };
  expect(sdk.version).toBe(version);
  expect(VERSION).toBe(version);
});
