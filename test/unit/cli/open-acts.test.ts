/** `dome audit open -A`: the open acts of every workspace, one workspace after another. */
import { expect, it } from "vitest";
import { entry } from "../audit/transaction.fixture.ts";
import { json, type Seen } from "../client/fake-service.ts";
import { workspace } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const acts = (name: string) =>
  ["a", "b"].map((each, at) => ({
    ...entry(name === "sales" ? 10 + at : at + 1, "call.intent", {
      target: { type: "tool", id: `${name}/${each}` },
    }),
    closes_at: "2026-11-28T10:00:00.000Z",
    names: {},
  }));

function company({ url }: Seen): Response {
  const { pathname, searchParams } = new URL(url);
  if (pathname.endsWith("/workspaces"))
    return json(200, {
      items: ["empty", "sales", "support"].map((name) => workspace(name)),
      next_cursor: null,
    });
  const name = searchParams.get("workspace") ?? "";
  const from = Number(searchParams.get("cursor") ?? "0");
  const all = name === "empty" ? [] : acts(name);
  const items = all.slice(from, from + Number(searchParams.get("limit")));
  const next = from + items.length;
  return json(200, { items, next_cursor: next < all.length ? String(next) : null });
}
const open = (...words: readonly string[]) =>
  dome(["audit", "open", ...words], { replies: Array.from({ length: 12 }, () => company) });

it("shows in which workspace each act is open, page by page as at once", async () => {
  const { stdout, exit } = await open("-A");
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^WORKSPACE +BEGAN /);
  for (const name of ["sales", "support"])
    for (const each of ["a", "b"]) expect(stdout).toMatch(new RegExp(`^${name} .* ${name}/${each} `, "m"));
  const first = await open("-A", "--limit", "3", "-q");
  const cursor = / --cursor (\S+)/.exec((await open("-A", "--limit", "3")).stderr)?.[1] ?? "";
  const rest = await open("-A", "--limit", "3", "--cursor", cursor, "-q");
  expect(first.stdout + rest.stdout).toBe((await open("-A", "-q")).stdout);
});
