/** What is made from an object, once for as long as the object stays in memory. */

/**
 * @param make may read the object alone, which nothing changes afterwards.
 * @returns the same value for the same object; an equal copy is another object.
 */
export function oncePer<K extends object, V>(make: (from: K) => V): (from: K) => V {
  const made = new WeakMap<K, { readonly value: V }>();
  return (from) => {
    let entry = made.get(from);
    if (entry === undefined) {
      entry = { value: make(from) };
      made.set(from, entry);
    }
    return entry.value;
  };
}
