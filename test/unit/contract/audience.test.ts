/** What a token is made out to is read as every reader of URLs does, not only the platform's. */
import { describe, expect, it } from "vitest";
import { parseAudience } from "../../../src/contract/audience.ts";

const ISSUER = "https://dome.example";

describe("an audience", () => {
  it.each([
    ["https://dome.example", "https://dome.example", null],
    ["HTTPS://Dome.Example/", "https://dome.example", null],
    ["https://dome.example:443/mcp/crm/", "https://dome.example/mcp/crm", "crm"],
    ["https://dome.example/tools/crm", "https://dome.example/tools/crm", "crm"],
    ["https://dome.example/v1", "https://dome.example/v1", null],
  ])("%s is %s (RFC 8707 §2)", (text, url, tool) => {
    expect(parseAudience(ISSUER, text)).toEqual({ url, tool });
  });

  it.each([
    " https://dome.example/mcp/crm",
    "https://dome.example/mcp/crm ",
    "https://dome.example/mcp/c\nrm",
    "https://dome.example/mcp/\tcrm",
    "\u0000https://dome.example/mcp/crm",
    "https:dome.example/mcp/crm",
    "https:/dome.example/mcp/crm",
    "https:\\\\dome.example\\mcp\\crm",
    "https://dome.example\\mcp\\crm",
    "https://dome\u3002example/mcp/crm",
    "https://d\u00adome.example/mcp/crm",
    "https://dome.example/mcp/crm#",
    "https://dome.example/mcp/crm#a",
    "https://dome.example/mcp/crm?a",
    "https://a@dome.example/mcp/crm",
  ])("is not %j: others would read another address in it, or none", (text) => {
    expect(parseAudience(ISSUER, text)).toBeUndefined();
  });
});
