/** One word per thing in what people read: documentation, help, the API document, problems, reasons and kinds of records. */
import { describe, expect, it } from "vitest";
import { PROBLEM_TEXTS } from "../../../src/api/problem-texts.ts";
import { AUDIT_KINDS } from "../../../src/contract/audit-kinds.ts";
import { PROBLEMS } from "../../../src/contract/problem-codes.ts";
import { REASONS } from "../../../src/contract/reasons.ts";
import { openApiDocument } from "../../../src/api/openapi.ts";
import { routes } from "../../../src/api/routes.ts";
import { below, commandTree } from "../cli/command-tree.ts";
import { EXCEPTIONS, faults } from "./glossary.ts";
import { DOCUMENTS, read } from "./markdown.ts";

/** Pages that quote: names of tests and clauses of standards, or a decision in the words of its time. */
const QUOTING = /^docs\/(?:decisions\/|specifications\.md|seed\.md)/;
const pages = [...DOCUMENTS.filter((page) => !QUOTING.test(page)), "CHANGELOG.md"];

const root = await commandTree();
const HELP = [root, ...below(root)].flatMap((command) => [
  command.summary(),
  command.description(),
  ...command.registeredArguments.map(({ description }) => description),
  ...command.options.map(({ description }) => description),
]);

/** Every summary and description of the document, by the members of those names. */
function describedIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, within]: [string, unknown]) =>
    typeof within === "string"
      ? name === "description" || name === "summary"
        ? [within]
        : []
      : describedIn(within),
  );
}
const API = describedIn(openApiDocument("https://dome.example", routes));

describe("the words of the project", () => {
  it.each(pages)("are kept by %s", (page) => {
    expect(faults(read(page))).toEqual([]);
  });

  it("are kept by problems, reasons and kinds of audit records", () => {
    const texts = [
      ...Object.values(PROBLEM_TEXTS).flatMap(({ meaning, action }) => [meaning, action]),
      ...Object.values(PROBLEMS).map(({ title }) => title),
      ...Object.values(REASONS).map(({ title }) => title),
      ...Object.values(AUDIT_KINDS),
    ];
    expect(texts.flatMap(faults)).toEqual([]);
  });

  it("are kept by the help of every command", () => {
    expect(HELP.length).toBeGreaterThan(300);
    expect(HELP.flatMap(faults)).toEqual([]);
  });

  it("are kept by the OpenAPI document", () => {
    expect(API.length).toBeGreaterThan(200);
    expect(API.flatMap(faults)).toEqual([]);
  });

  it.each([
    ["The trail names the agent.", "ledger"],
    ["Each tenant has a ledger.", "workspace"],
    ["Get an access token.", "call token"],
    ["An operator disables the agent.", "suspend"],
    ["It holds for the whole installation.", "organization"],
    ["A bot asks.", "agent"],
    ["Send the API token.", "API key"],
    ["Verify the JWT token.", "call token"],
    ["The admin key opens it.", "admin token"],
    ["Keep the secret key.", "signing key"],
    ["The audit log names the agent.", "ledger"],
    ["It is a kill switch.", "halt"],
    ["The delegation chain is verified.", "chain"],
    ["The address is whitelisted.", "allows"],
    ["Somebody else answers for it.", "the operator"],
    ["A name is taken for\never.", "never"],
    ["Whoever asks is told.", "the caller"],
    ["It ends. Who holds the key may end it.", "the caller"],
  ])("are missed in a planted fault, so that this test can fail: %s", (text, instead) => {
    expect(faults(text)).toEqual([expect.stringContaining(instead)]);
  });

  it("do not forbid code, questions, or terms of other standards", () => {
    expect(faults("Pass `--tenant`. Who stopped it? Give the tenant.")).toEqual([]);
  });

  it("has only exceptions that some page needs", () => {
    const all = [...pages.map(read), ...HELP].join("\n").replaceAll(/\s+/g, " ");
    expect(EXCEPTIONS.filter(({ text }) => all.match(text) === null)).toEqual([]);
  });
});
