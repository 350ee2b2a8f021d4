/** Policies at the bounds of what Cedar is given: as deep, and as long a chain, as the scanner lets through. */
const when = (condition: string): string => `permit(principal, action, resource) when { ${condition} };`;
const nested = (open: string, close: string, levels: number): string =>
  `${open.repeat(levels)}true${close.repeat(levels)}`;
const chain = (operand: string, operator: string, operators: number): string =>
  Array.from({ length: operators + 1 }, () => operand).join(operator);

export const AT_THE_BOUNDS: readonly (readonly [string, string])[] = [
  ["parentheses", when(nested("(", ")", 23))],
  ["sets", when(`${nested("[", "]", 23)} == [true]`)],
  ["records", when(`${nested("{a:", "}", 23)} == {a: true}`)],
  ["functions", when(nested("if (true) then (", ") else false", 22))],
  ["if in if", when(`${"if true then true else ".repeat(66)}true`)],
  ["if in the condition of if", when(`${"if ".repeat(66)}true${" then true else true".repeat(66)}`)],
  ["&&", when(chain("true", "&&", 200))],
  ["||", when(chain("false", "||", 200))],
  ["+", when(`${chain("1", "+", 198)} > 3`)],
  ["*", when(`${chain("1", "*", 198)} > 3`)],
  ["members", when(`context${".a".repeat(199)} == 1`)],
  ["members by name", when(`context${'["a"]'.repeat(199)} == 1`)],
  ["methods", when(`[1]${".contains(1)".repeat(199)}`)],
  ["has", when(`context has a${".a".repeat(199)}`)],
  ["not of tests", when(chain("!(principal has a)", "&&", 65))],
  ["conditions", `permit(principal, action, resource)${" when { true }".repeat(700)};`],
];
