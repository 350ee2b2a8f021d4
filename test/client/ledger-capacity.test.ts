import { expect, test } from "vitest";
import { ledgerCapacity } from "../../src/embedded/ledger-capacity.ts";

test.each([
  ["nothing, on a large disk", "", 1e12, 0, "10000000000"],
  ["nothing, on a small disk: what is free, less a tenth", "", 1e9, 0, "900000000"],
  ["less than the disk has", "4000000", 1e12, 0, "4000000"],
  ["more than the disk has", "50000000000", 1e9, 0, "900000000"],
  ["more than a full disk has: what the ledgers take already", "", 0, 5e6, "5000000"],
  ["anything on a full disk that holds nothing: the least there is", "", 0, 0, "1000000"],
  ["what is no number: the Worker refuses it by its name", "10GB", 1e12, 0, "10GB"],
  ["a number in another way of writing: so is that", "1e10", 1e12, 0, "1e10"],
])("a ledger's capacity, asked for %s", (_what, asked, free, taken, capacity) => {
  expect(ledgerCapacity(asked, free, taken)).toBe(capacity);
});
