/** Values of labels are shown, compared and searched for: nothing in them is unseen. */
import { expect, it } from "vitest";
import { labels } from "../../../src/contract/words.ts";

it.each(["", "payments", "équipe 7", "a b"])("a label may be %j", (value) => {
  expect(labels.parse({ team: value })).toEqual({ team: value });
});

it.each(["a\u{1b}[31m", "a\nb", "a\u{0}", "a\u{200b}", "a\u{202e}b", "a\u{2028}b", "\u{e0041}"])(
  "a label is not %j: two that look alike would be two, and a terminal would obey it",
  (value) => {
    expect(labels.safeParse({ team: value }).success).toBe(false);
  },
);
