/** `If-Match` is described exactly where it is read: a client cannot use what it does not know of. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openApiDocument } from "../../../src/api/openapi.ts";
import { routes } from "../../../src/api/routes.ts";

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

it("the document has If-Match at each change of what has an ETag, and nowhere else (RFC 9110 §13.1.1)", () => {
  const { paths } = openApiDocument("https://dome.example", routes) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  };
  const described = Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .filter(({ parameters = [] }) =>
      parameters.some((each) => each.in === "header" && each.name === "If-Match"),
    );
  expect(described.map(({ operationId }) => operationId).toSorted()).toEqual([
    "redeclareAgentItems",
    "removeIdentityProvider",
    "removeIntegration",
    "removePool",
    "removeTier",
    "removeTool",
    "revokeOperator",
    "transferAgent",
    "updateAgent",
    "updateIntegration",
    "updatePool",
    "updateTier",
    "updateTool",
    "updateWorkspace",
  ]);
});

it("each route that reads it declares it", () => {
  const folder = join(import.meta.dirname, "../../../src/api/routes");
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), "utf8");
    const count = (part: string): number => text.split(part).length - 1;
    expect([file, count("conditional: true")]).toEqual([file, count("ifMatchOf(http)")]);
  }
});
