import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { VERSION } from "../../../sdk/typescript/src/version.ts";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

it("deploys under the version that the package has", () => {
  expect(readFileSync("wrangler.toml", "utf8")).toContain(`DOME_VERSION = "${version}"`);
});

it("gives the packages for agents the version of the service that they were tested with", () => {
  const sdk = JSON.parse(readFileSync("sdk/typescript/package.json", "utf8")) as { version: string };
  expect(sdk.version).toBe(version);
  expect(VERSION).toBe(version);
  expect(readFileSync("sdk/python/src/dome/_version.py", "utf8")).toContain(`__version__ = "${version}"\n`);
});

it("names one oldest Python: for the package, where its environment is made, and in the documents", () => {
  const python = /^requires-python = ">=(.+)"$/m.exec(readFileSync("sdk/python/pyproject.toml", "utf8"))?.[1];
  expect(python).toBe("3.10");
  const environment = readFileSync("sdk/python/environment", "utf8");
  expect(environment).toContain("sys.version_info < (3, 10)");
  for (const page of ["README.md", "CONTRIBUTING.md", "sdk/python/README.md"])
    expect(readFileSync(page, "utf8").replaceAll("`", "")).toContain("Python 3.10 or");
});
