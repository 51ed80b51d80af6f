import { ISO_4217 } from './iso4217.ts';

export interface Asset {
  code: string;
  /** Decimal digits of the minor unit, 0 to 9. */
  scale: number;
  name: string;
  iso: boolean;
  /** Of the event that made it known; 0 for ISO 4217. */
  seq: number;
}

/** The assets that a shard knows, each with a small number of this process. */
export class AssetTable {
  readonly #byCode = new Map<string, number>();
  readonly all: Asset[] = [];

  constructor() {
    for (const [code, scale, name] of ISO_4217) this.add({ code, scale, name, iso: true, seq: 0 });
  }

  add(asset: Asset): number {
    const known = this.#byCode.get(asset.code);
    if (known !== undefined) return known;
    this.#byCode.set(asset.code, this.all.length);
    return this.all.push(asset) - 1;
  }

  /** The asset's number, or -1. */
  numberOf(code: string): number {
    return this.#byCode.get(code) ?? -1;
  }

  get(code: string): Asset | undefined {
    const number = this.numberOf(code);
    return number < 0 ? undefined : this.all[number];
  }
}
