/** The page behind the `type` of a problem (RFC 9457 §3.1.1), for people. It consists of fixed text only. */
import { z } from "zod";
import { PROBLEMS, type ProblemCode } from "../../contract/problem-codes.ts";
import { ok } from "../../kernel/result.ts";
import { PROBLEM_TEXTS } from "../problem-texts.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'",
  "cache-control": "public, max-age=3600",
};

/** Escapes text for HTML; the texts are Dome's own. */
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Shows `code` in a text as code. */
const paragraph = (text: string): string =>
  `<p>${escaped(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>")}</p>`;

function pageOf(code: ProblemCode): string {
  const { status, title } = PROBLEMS[code];
  const { meaning, action } = PROBLEM_TEXTS[code];
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    `<title>${code}: ${escaped(title)}</title>`,
    `<h1>${escaped(title)}</h1>`,
    `<p><code>${code}</code>, HTTP status ${status}</p>`,
    paragraph(meaning),
    paragraph(action),
    "</html>\n",
  ].join("\n");
}

export const problemRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/problems/{code}",
      operationId: "explainProblem",
      summary: "The meaning of a problem and the action to take, for people",
      tag: "discovery",
      door: { by: "anyone" },
      params: z.strictObject({ code: z.enum(CODES) }),
      answers: [{ status: 200, description: "A page", schema: z.string(), mediaType: "text/html" }],
    },
    async ({ params }) => ok({ body: undefined, raw: pageOf(params.code), headers: HEADERS }),
  ),
];
