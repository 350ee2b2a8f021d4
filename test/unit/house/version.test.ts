import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("deploys under the version that the package has", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(readFileSync("wrangler.toml", "utf8")).toContain(`DOME_VERSION = "${version}"`);
});
