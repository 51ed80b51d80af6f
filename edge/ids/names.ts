/** The names that an enum of the contract has, in lower case, by number: "INTENT_CREATED" is "intent_created" to merchants. */
export function namesOf(numbers: Readonly<Record<string, string | number>>): Record<number, string> {
  const named = Object.entries(numbers).flatMap(([name, number]) =>
    typeof number === 'number' ? [[number, name.toLowerCase()] as const] : [],
  );
  return Object.fromEntries(named);
}
