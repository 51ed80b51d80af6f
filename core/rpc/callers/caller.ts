/** Who a call comes from, and what it may do: known where callers show certificates. */
export interface Caller {
  /** False: its certificate is good, and nobody has said what it may do. */
  readonly isKnown: boolean;
  /** Whether it may do what concerns more than its books: make books and assets. */
  readonly isOperator: boolean;
  mayUse(book: string): boolean;
}

/** What names may do: every book and what concerns all of them, or some books. */
export type Grant = '*' | readonly string[];
export type Grants = ReadonlyMap<string, Grant>;

/** The holder of a certificate with these names, under the grants of the moment: they may change while it is connected. */
export class NamedCaller implements Caller {
  readonly #names: readonly string[];
  readonly #grants: () => Grants;

  constructor(names: readonly string[], grants: () => Grants) {
    this.#names = names;
    this.#grants = grants;
  }

  get isKnown(): boolean {
    return this.#granted().length > 0;
  }

  get isOperator(): boolean {
    return this.#granted().includes('*');
  }

  mayUse(book: string): boolean {
    return this.#granted().some((grant) => grant === '*' || grant.includes(book));
  }

  #granted(): Grant[] {
    const grants = this.#grants();
    return this.#names.map((name) => grants.get(name)).filter((grant) => grant !== undefined);
  }
}
