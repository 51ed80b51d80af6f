/** A value of an answer, read without trust: what is not there, or is of another type, reads as empty. */
export class Json {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  static parse(text: string): Json {
    try {
      return new Json(JSON.parse(text) as unknown);
    } catch {
      return new Json(undefined);
    }
  }

  /** Only an object's own fields: no name can reach a prototype. */
  at(...names: readonly string[]): Json {
    let value = this.#value;
    for (const name of names) {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      value =
        isObject && Object.hasOwn(value as object, name)
          ? (value as Record<string, unknown>)[name]
          : undefined;
    }
    return new Json(value);
  }

  get text(): string {
    return typeof this.#value === 'string' ? this.#value : '';
  }

  /** null where it is no integer that is exact. */
  get integer(): bigint | null {
    return Number.isSafeInteger(this.#value) ? BigInt(this.#value as number) : null;
  }

  get isTrue(): boolean {
    return this.#value === true;
  }

  get items(): Json[] {
    return Array.isArray(this.#value) ? this.#value.map((item) => new Json(item)) : [];
  }

  /** Whether it is a list, of nothing. */
  get isEmptyList(): boolean {
    return Array.isArray(this.#value) && this.#value.length === 0;
  }

  /** Names and text of an object's fields; those that hold no text are left out. */
  get texts(): [name: string, text: string][] {
    if (typeof this.#value !== 'object' || this.#value === null || Array.isArray(this.#value)) return [];
    return Object.entries(this.#value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
  }
}
